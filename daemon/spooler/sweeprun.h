#ifndef KABUTO_SWEEPRUN_H
#define KABUTO_SWEEPRUN_H
/*
 * The spooler's sweep: removes files, containers and images that no row needs. It runs at the
 * start, each hour, and after a SIGUSR1.
 */
#include "worker.h"

/*
 * Does one sweep and records its result for kabutoctl status. Errors are logged and counted. A
 * sweep that is cut short by the spooler's stop is not recorded.
 */
void sweeprun(struct worker *worker);

#endif
