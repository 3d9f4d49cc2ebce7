#ifndef KABUTO_JOBEND_H
#define KABUTO_JOBEND_H
/*
 * Ends a job, whatever it does: it is killed if it runs, and taken out of the queue if it waits.
 */
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "http.h"

/*
 * Asks the server to end the job. alone: its pipeline has no other job. The server cannot take a
 * single job of several out of the queue, so this waits until such a job runs, says so on stderr,
 * and kills it then. Returns true if the job has ended, is idle, or is being killed.
 */
bool jobend_kill(struct http *http, int64_t pipeline, int64_t job, bool alone, struct error *err);

#endif
