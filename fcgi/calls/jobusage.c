/*
 * Sends the samples of an attempt. They are kept as long as its log.
 */
#include "jobusage.h"

#include "cleanup.h"
#include "job.h"
#include "quantity.h"
#include "response.h"
#include "samples.h"

const struct parameter jobusage_parameters[] = {
	{ .name = "attempt", .type = PARAMETER_NUMBER, .least = 1 },
	{ 0 },
};

/* Sets *attempt to the attempt in question: the last one, if the call names none. */
static bool
jobusage_find_attempt(struct request *req, int64_t *attempt, struct error *err)
{
	struct database *db = request_database(req, err);
	char removed[QUANTITY_TEXT];
	struct job job = { 0 };
	int64_t attempts, removed_at;

	if (db == NULL ||
	    !job_find(db, &req->caller.account, request_id(req, "pipeline"), request_id(req, "job"),
		&job, err))
		return false;
	attempts = job.attempt;
	removed_at = job_ended(&job) ? job.logs_removed_at : 0;
	job_clear(&job);
	request_release_database(req);
	*attempt = request_number(req, "attempt", attempts);
	if (*attempt > attempts)
		return error_set(err, ERROR_NOT_FOUND, "attempt: the job has only %lld attempts",
		    (long long)attempts);
	return removed_at == 0 ||
	    error_set(err, ERROR_GONE,
		"the usage was removed with the logs at %s, because it was old",
		quantity_format_time(removed_at, removed));
}

static json_t *
jobusage_json(const struct samples *samples)
{
	json_t *list = json_array();

	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];

		if (json_array_append_new(list,
			json_pack("{s:o, s:f, s:I}", "time", response_time(sample->time_ms),
			    "cpu_s", (double)sample->cpu_ns / 1e9, "memory",
			    (json_int_t)sample->memory)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

bool
jobusage_show(struct request *req, struct response *res, struct error *err)
{
	struct samples samples = { .count = 0 };
	int64_t attempt;

	if (!jobusage_find_attempt(req, &attempt, err) ||
	    (attempt > 0 &&
		!samples_read(req->server->spool.logs, request_id(req, "job"), attempt, &samples,
		    err)))
		return false;
	return response_json(res, 200, jobusage_json(&samples), err);
}
