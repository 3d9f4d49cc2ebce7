#ifndef KABUTO_WAITJOBS_H
#define KABUTO_WAITJOBS_H
/*
 * Waiting for jobs, whatever happens to the connection or the server meanwhile (patience.h).
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "http.h"

struct waitjobs {
	int64_t pipeline, job;
};

/* Gets the job when it changes, but not later than after 30 s. The caller decrefs *job. */
bool waitjobs_change(struct http *http, const struct waitjobs *wait, json_t **job, struct error *err);

/*
 * Waits for the ends of the jobs, one after the other. print: a line for each on stdout, with its
 * id, state and error. *jobs gets an array of the jobs, which the caller decrefs. *code gets the
 * exit code (outcome_code) of the first that failed; it must be EXIT_DONE before. ERROR_CONFLICT: a
 * job is idle.
 */
bool waitjobs_all(struct http *http, const struct waitjobs *waits, size_t count, bool print,
    json_t **jobs, int *code, struct error *err);

#endif
