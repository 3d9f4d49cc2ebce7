#ifndef KABUTO_RUNFIND_H
#define KABUTO_RUNFIND_H
/*
 * Finds the step at which a run continues.
 */
#include "error.h"
#include "run.h"
#include "runstep.h"

/*
 * Finds the step to continue at (design, section 5, right column). If a marked job has no
 * container, the engine lost it. For an unmarked job no creation of a container was answered.
 */
enum outcome runfind(struct run *run, struct error *err);

#endif
