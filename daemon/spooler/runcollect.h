#ifndef KABUTO_RUNCOLLECT_H
#define KABUTO_RUNCOLLECT_H
/*
 * Collects an attempt's usage and results.
 */
#include "run.h"

/*
 * Reads the usage, makes a new run->job.results_token, and packs the outbox as the results of that
 * token. It may be repeated.
 */
bool runcollect_outbox(struct run *run, struct error *err);

#endif
