#ifndef KABUTO_RUNSANDBOX_H
#define KABUTO_RUNSANDBOX_H
/*
 * Joins an attempt to the sandbox of its slot.
 */
#include "run.h"

/*
 * Joins the slot's sandbox if it is ready: sets run->joined and run->sandbox, and copies the
 * sandbox's files.
 */
void runsandbox_join(struct run *run);

/*
 * For a job that has ended: the next job of the slot joins the sandbox only if this one left no
 * traces in it.
 */
void runsandbox_leave(struct run *run);

/*
 * Whether kabuto-init never ran. An engine that was killed during a start may report "created" for
 * a container in which the job runs. So only the job's own files can be trusted.
 */
bool runsandbox_never_began(struct run *run);

/*
 * Whether the engine refused the container because the sandbox died. If so, the container never
 * ran; STEP_FIND makes another one without the sandbox. Then *refusal becomes ERROR_NONE, because
 * the job need not wait, and run->failures is increased.
 */
bool runsandbox_lost(struct run *run, struct error *refusal);

#endif
