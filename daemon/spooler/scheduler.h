#ifndef KABUTO_SCHEDULER_H
#define KABUTO_SCHEDULER_H
/*
 * Who is next: the spooler's main loop.
 */
#include "spooler.h"

/*
 * Runs jobs and builds until spooler->stopping, and returns when every thread has let go of its
 * work.
 */
bool scheduler_run(struct spooler *spooler, struct error *err);

#endif
