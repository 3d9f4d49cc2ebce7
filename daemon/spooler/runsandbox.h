#ifndef KABUTO_RUNSANDBOX_H
#define KABUTO_RUNSANDBOX_H
/*
 * An attempt and the sandbox of its slot.
 */
#include "run.h"

/* Joins the slot's sandbox, where it is ready: joined and sandbox tell; its files are copied. */
void runsandbox_join(struct run *run);

/*
 * Whether kabuto-init never ran. An engine that was killed in the middle of a start may say
 * "created" of a container in which the job runs: only what the job itself leaves can be trusted.
 */
bool runsandbox_never_began(struct run *run);

/*
 * Whether the container was refused because the sandbox died. If it is there, it never ran:
 * STEP_FIND makes another one, without the sandbox. Then the refusal, which needs no waiting for,
 * is taken back (ERROR_NONE) and counted among the faults.
 */
bool runsandbox_lost(struct run *run, struct error *refusal);

#endif
