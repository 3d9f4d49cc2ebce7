#ifndef KABUTO_RUNFINISH_H
#define KABUTO_RUNFINISH_H
/*
 * The steps after a job's end: collect its results, record its end, remove what it used.
 */
#include "error.h"
#include "run.h"
#include "runstep.h"

/*
 * Collects the results. Temporary errors (a full disk, a busy database) lose nothing and are tried
 * again. An outbox that cannot be read ends the job with an error.
 */
enum outcome runfinish_collect(struct run *run, struct error *err);

/* Records the job's end: done or failed. */
enum outcome runfinish_end(struct run *run, struct error *err);

/* Removes the former attempt's results, the container and the attempt's folder. */
enum outcome runfinish_remove(struct run *run, struct error *err);

#endif
