#ifndef KABUTO_RUNSTEP_H
#define KABUTO_RUNSTEP_H
/*
 * One step of a run, and what follows it. jobrun.c has the table of the steps.
 */
#include "error.h"
#include "run.h"

#define FAILURES_MOST 9 /* errors of ours that a step survives */

/*
 * What follows a step: NEXT: the next step; AGAIN: the same step after a pause; REPEAT: the same
 * step at once; JUMP: run->jump; LEAVE: stop and change nothing.
 */
enum outcome { NEXT, AGAIN, REPEAT, JUMP, LEAVE };

/* Does a step. Each step may be repeated. */
typedef enum outcome step_function(struct run *run, struct error *err);

/* Continues at step. */
enum outcome runstep_jump(struct run *run, enum step step);

/* Ends the job with the error that was set. */
enum outcome runstep_fail(struct run *run);

/* Handles a failed call whose outcome is unknown: the call is made again, or left at a stop. */
enum outcome runstep_retry_call(struct run *run, const struct error *err);

/*
 * Handles a failed call that the engine may also refuse. A refusal ends the job, and so does
 * ERROR_ENGINE, unless the engine fails at other calls, too.
 */
enum outcome runstep_failed_call(struct run *run, const struct error *err);

#endif
