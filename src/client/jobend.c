/*
 * Kills jobs.
 */
#include "jobend.h"

#include <inttypes.h>
#include <stdio.h>

#include "cleanup.h"
#include "display.h"
#include "waitjobs.h"
#include "outcome.h"

/* Asks once. ERROR_CONFLICT: the job is in the queue, or has ended. */
static bool
jobend_ask(struct http *http, int64_t pipeline, int64_t job, bool alone, struct error *err)
{
	char path[96];

	snprintf(path, sizeof path, "/pipeline/%" PRId64 "/job/%" PRId64 "/kill", pipeline, job);
	if (http_call(http, "POST", path, NULL, NULL, err))
		return true;
	if (err->kind != ERROR_CONFLICT || !alone)
		return false;
	snprintf(path, sizeof path, "/pipeline/%" PRId64 "/cancel", pipeline);
	return http_call(http, "POST", path, NULL, NULL, err);
}

bool
jobend_kill(struct http *http, int64_t pipeline, int64_t job, bool alone, struct error *err)
{
	const struct waitjobs wait = { pipeline, job };
	bool told = false;

	while (!jobend_ask(http, pipeline, job, alone, err)) {
		cleanup_json json_t *now = NULL;

		if (err->kind != ERROR_CONFLICT)
			return false;
		if (!told)
			display_say("job %" PRId64 " is killed as soon as it runs; press Ctrl-C "
				    "again to leave it in the queue",
			    job);
		told = true;
		if (!waitjobs_change(http, &wait, &now, err))
			return false;
		if (outcome_ended(now) || outcome_idle(now))
			return true;
	}
	return true;
}
