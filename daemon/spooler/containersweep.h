#ifndef KABUTO_CONTAINERSWEEP_H
#define KABUTO_CONTAINERSWEEP_H
/*
 * The sweep of containers. It removes containers that no row needs: a spooler may die between a
 * job's end and the removal of its container. It also removes unused sandboxes.
 */
#include "worker.h"
#include "sweep.h"

/*
 * Removes the containers with our label that belong to no running attempt, and the sandboxes that
 * are neither in use nor to be kept. Counts them in *sweep. If one container cannot be checked or
 * removed, that is logged and counted as an error of the sweep, and the next sweep tries again.
 * If the engine fails to list the containers (HTTP 500), the last attempts that are over name those
 * to remove. False: the engine is away, or the call was interrupted.
 */
bool containersweep_run(struct worker *worker, struct sweep *sweep, struct error *err);

#endif
