#ifndef KABUTO_SWEEPRUN_H
#define KABUTO_SWEEPRUN_H
/*
 * The spooler's sweep: files, containers and images that no row needs. It runs at the start, each
 * hour, and when a SIGUSR1 asks for it.
 */
#include "worker.h"

/*
 * Does one sweep and writes what it did, for kabutoctl status. Errors are logged and counted. A
 * sweep that the spooler's stop cuts short is not written.
 */
void sweeprun(struct worker *worker);

#endif
