/*
 * Waits until jobs have ended.
 */
#include "waitjobs.h"

#include <inttypes.h>
#include <stdio.h>

#include "cleanup.h"
#include "display.h"
#include "exitcode.h"
#include "outcome.h"
#include "patience.h"

#define WAIT_S 30 /* the longest ?wait of the API */

/* Gets the job, with ?wait if `seconds` is not 0. once: the caller repeats the call, if need be. */
static bool
waitjobs_get(struct http *http, const struct waitjobs *wait, int seconds, bool once, json_t **job,
    struct error *err)
{
	cleanup_fields struct http_fields fields = { 0 };
	cleanup_json json_t *answer = NULL;
	char path[96], id[24];

	snprintf(id, sizeof id, "%" PRId64, wait->job);
	snprintf(path, sizeof path, "/pipeline/%" PRId64 "/job/%s", wait->pipeline, id);
	if (seconds > 0)
		httpfields_add_number(&fields, "wait", seconds);
	if (!(once ? http_call_once(http, "GET", path, &fields, &answer, err)
		   : http_call(http, "GET", path, &fields, &answer, err)))
		return false;
	*job = json_incref(json_object_get(answer, id));
	return *job != NULL ||
	    error_set(err, ERROR_SYSTEM,
		"the server sent a job that this version of kabuto does not know");
}

bool
waitjobs_change(struct http *http, const struct waitjobs *wait, json_t **job, struct error *err)
{
	return waitjobs_get(http, wait, WAIT_S, false, job, err);
}

/* Waits until the job has ended. *job gets it as it is then. */
static bool
waitjobs_end(struct http *http, const struct waitjobs *wait, json_t **job, struct error *err)
{
	struct patience patience = { 0 };
	int seconds = 0;

	for (;;) {
		cleanup_json json_t *now = NULL;

		if (!waitjobs_get(http, wait, seconds, true, &now, err)) {
			if (!patience_may_help(err) || !patience_wait(&patience, http, err))
				return error_wrap(err, "job %" PRId64, wait->job);
			continue;
		}
		patience_reset(&patience);
		seconds = WAIT_S;
		if (outcome_idle(now))
			return error_set(err, ERROR_CONFLICT,
			    "job %" PRId64 " is not in the queue: kabuto submit %" PRId64
			    " queues the jobs of its pipeline",
			    wait->job, wait->pipeline);
		if (outcome_ended(now)) {
			*job = json_incref(now);
			return true;
		}
	}
}

static void
waitjobs_print(int64_t id, const json_t *job)
{
	const char *state = json_string_value(json_object_get(job, "state"));
	const char *error = outcome_error(job);
	cleanup_free char *clean = error != NULL ? display_clean(error) : NULL;

	printf("%" PRId64 "\t%s%s%s\n", id, state, clean != NULL ? "\t" : "",
	    clean != NULL ? clean : "");
	(void)fflush(stdout);
}

bool
waitjobs_all(struct http *http, const struct waitjobs *waits, size_t count, bool print,
    json_t **jobs, int *code, struct error *err)
{
	cleanup_json json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		cleanup_json json_t *job = NULL;

		if (!waitjobs_end(http, &waits[i], &job, err))
			return false;
		if (print)
			waitjobs_print(waits[i].job, job);
		if (*code == EXIT_DONE)
			*code = outcome_code(job);
		if (json_array_append(array, job) < 0)
			return error_set(err, ERROR_SYSTEM, "not enough memory");
	}
	*jobs = json_incref(array);
	return true;
}
