#ifndef KABUTO_CONTAINERSWEEP_H
#define KABUTO_CONTAINERSWEEP_H
/*
 * The sweep of containers: removes those that a process left in the engine which died between the
 * end of a job and the removal of its container, and sandboxes that are of no use any more.
 */
#include "worker.h"
#include "sweep.h"

/*
 * Removes the containers with our label that belong to no running attempt, and the sandboxes that
 * are neither kept ready nor in use; counts them in *sweep. A container that cannot be looked up or
 * removed is logged, is an error of the sweep, and stays until the next one. False: the engine
 * does not list them, is away, or the call was interrupted.
 */
bool containersweep_run(struct worker *worker, struct sweep *sweep, struct error *err);

#endif
