#ifndef KABUTO_RUNS_H
#define KABUTO_RUNS_H
/*
 * Handles POST /run: one call makes a job, with all that it needs, and queues it.
 */
#include "route.h"

handler runs_create, runs_deliver;

extern const struct parameter runs_create_parameters[];

#endif
