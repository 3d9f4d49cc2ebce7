#ifndef KABUTO_RUNCOLLECT_H
#define KABUTO_RUNCOLLECT_H
/*
 * What an attempt has left behind.
 */
#include "run.h"

/*
 * Reads the usage, and packs the outbox as the results of run->job.results_token, which is made
 * anew. It may be repeated.
 */
bool runcollect_outbox(struct run *run, struct error *err);

#endif
