#ifndef KABUTO_RUNWAIT_H
#define KABUTO_RUNWAIT_H
/*
 * Waits for a job's end.
 */
#include "error.h"
#include "run.h"
#include "runstep.h"

/* Waits until the container does not run. Stops it if its time is over or it was cancelled. */
enum outcome runwait(struct run *run, struct error *err);

#endif
