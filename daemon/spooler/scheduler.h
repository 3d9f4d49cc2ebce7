#ifndef KABUTO_SCHEDULER_H
#define KABUTO_SCHEDULER_H
/*
 * The spooler's main loop. It decides which job or build is next.
 */
#include "spooler.h"

/* Runs jobs and builds until spooler->stopping. Returns after every thread has ended its work. */
bool scheduler_run(struct spooler *spooler, struct error *err);

#endif
