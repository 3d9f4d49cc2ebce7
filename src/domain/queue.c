/*
 * The order of the queue (design, scheduling).
 */
#include "queue.h"

#include <stdio.h>

#include "clock.h"
#include "quantity.h"
#include "service.h"

#define ETA_RUNS "20" /* how many of an image's last jobs the estimate uses */

bool
queue_refresh(struct database *db, int64_t pipeline, struct error *err)
{
	return database_run(db, err, "DELETE FROM queue WHERE pipeline = ?", VALUES(I(pipeline))) &&
	    database_run(db, err,
		"INSERT INTO queue (pipeline, account, waiting_since)"
		" SELECT pipeline.id, pipeline.account, job.queued_at"
		" FROM pipeline JOIN job ON job.id ="
		"  (SELECT id FROM job WHERE pipeline = ?1 AND state = 'in_queue' AND retry_at IS NULL"
		"    ORDER BY position LIMIT 1)"
		" WHERE pipeline.id = ?1 AND pipeline.max_parallel >"
		"  (SELECT count(*) FROM job WHERE pipeline = ?1 AND state = 'running') +"
		"  (SELECT count(*) FROM job WHERE pipeline = ?1 AND retry_at IS NOT NULL)",
		VALUES(I(pipeline)));
}

/*
 * Steps through the index from account to account, so that it needs one seek per waiting account.
 */
#define PICK_ACCOUNT                                                                                 \
	"/*scan*/ WITH RECURSIVE waiting (account) AS ("                                             \
	"  SELECT min(account) FROM queue"                                                           \
	"  UNION ALL"                                                                                \
	"  SELECT (SELECT min(account) FROM queue WHERE account > waiting.account)"                  \
	"   FROM waiting WHERE waiting.account IS NOT NULL),"                                        \
	" candidate (account, most, running, since) AS ("                                            \
	"  SELECT account.id, coalesce(account.running_max, ?),"                                     \
	"   (SELECT count(*) FROM job WHERE job.account = account.id AND state = 'running'),"        \
	"   max((SELECT min(waiting_since) FROM queue WHERE queue.account = account.id), served_at)" \
	"   FROM waiting JOIN account ON account.id = waiting.account WHERE NOT disabled)"           \
	" SELECT account FROM candidate WHERE running < most ORDER BY running, since LIMIT 1"

bool
queue_pick(struct database *db, int64_t running_max, int64_t *pipeline, struct error *err)
{
	int64_t account = 0;

	*pipeline = 0;
	switch (database_integer(db, &account, err, PICK_ACCOUNT, VALUES(I(running_max)))) {
	case 0:
		return true;
	case 1:
		return database_integer(db, pipeline, err,
			   "SELECT pipeline FROM queue WHERE account = ?"
			   " ORDER BY waiting_since, pipeline LIMIT 1",
			   VALUES(I(account))) >= 0;
	default:
		return false;
	}
}

struct place_numbers {
	int64_t before;  /* jobs in queue before it */
	int64_t running; /* jobs of its pipeline that run or wait for their next try */
	int64_t max_parallel;
	int64_t retry_at, retries, retries_left;
	int64_t account_running, account_most;
	bool account_disabled;
	int64_t run_ms; /* average run time of its image's jobs; 0: none has run */
};

static bool
queue_take_numbers(struct statement *st, void *context, struct error *err)
{
	struct place_numbers *numbers = context;

	(void)err;
	numbers->before = statement_integer(st, 0);
	numbers->running = statement_integer(st, 1);
	numbers->max_parallel = statement_integer(st, 2);
	numbers->run_ms = statement_integer(st, 3);
	numbers->retry_at = statement_integer(st, 4);
	numbers->retries = statement_integer(st, 5);
	numbers->retries_left = statement_integer(st, 6);
	numbers->account_running = statement_integer(st, 7);
	numbers->account_most = statement_integer(st, 8);
	numbers->account_disabled = statement_integer(st, 9) != 0;
	return true;
}

static bool
queue_read_numbers(struct database *db, int64_t job, const struct queue_mark *mark,
    int64_t running_max, struct place_numbers *numbers, struct error *err)
{
	return database_first(db, err,
		   "SELECT ?4 + (SELECT count(*) FROM job WHERE pipeline = j.pipeline AND"
		   "   state = 'in_queue' AND position >= ?2 AND position < j.position)"
		   "  - (SELECT count(*) FROM job WHERE pipeline = j.pipeline AND"
		   "   state = 'in_queue' AND position >= j.position AND position < ?2),"
		   " (SELECT count(*) FROM job WHERE pipeline = j.pipeline AND state = 'running') +"
		   "  (SELECT count(*) FROM job WHERE pipeline = j.pipeline AND retry_at IS NOT NULL),"
		   " (SELECT max_parallel FROM pipeline WHERE id = j.pipeline),"
		   " (SELECT avg(finished_at - started_at) FROM (SELECT state, started_at, finished_at FROM job"
		   "   WHERE image = j.image ORDER BY id DESC LIMIT " ETA_RUNS
		   ") WHERE state = 'done'),"
		   " retry_at, retries, retries_left,"
		   " (SELECT count(*) FROM job WHERE account = j.account AND state = 'running'),"
		   " coalesce(account.running_max, ?3), account.disabled"
		   " FROM job j JOIN account ON account.id = j.account WHERE j.id = ?1",
		   VALUES(I(job), I(mark->order), I(running_max), I(mark->place)),
		   queue_take_numbers, numbers) >= 0;
}

/* Says why the job waits. Reasons that concern all jobs come first. */
static void
queue_explain(struct queue_place *place, const struct place_numbers *numbers,
    const struct service_status *status, int64_t slots)
{
	char time[QUANTITY_TEXT];
	size_t room = sizeof place->reason;

	if (status->engine_away_since != 0)
		snprintf(place->reason, room, "the engine has not answered since %s",
		    quantity_format_time(status->engine_away_since, time));
	else if (status->disk_error[0] != '\0')
		snprintf(place->reason, room, "%s", status->disk_error);
	else if (numbers->account_disabled)
		snprintf(place->reason, room, "the account is disabled");
	else if (numbers->retry_at != 0)
		snprintf(place->reason, room, "it failed; retry %lld of %lld begins at %s",
		    (long long)(numbers->retries - numbers->retries_left),
		    (long long)numbers->retries, quantity_format_time(numbers->retry_at, time));
	else if (numbers->before > 0)
		snprintf(place->reason, room, "%lld job%s before it in its pipeline",
		    (long long)numbers->before, numbers->before == 1 ? "" : "s");
	else if (numbers->running >= numbers->max_parallel)
		snprintf(place->reason, room,
		    "%lld of its pipeline's jobs run%s; max_parallel allows no more",
		    (long long)numbers->running, numbers->running == 1 ? "s" : "");
	else if (numbers->account_running >= numbers->account_most)
		snprintf(place->reason, room,
		    "%lld of the account's jobs run%s; its limit allows no more",
		    (long long)numbers->account_running, numbers->account_running == 1 ? "s" : "");
	else
		snprintf(place->reason, room, "all %lld slots are taken", (long long)slots);
}

bool
queue_place(struct database *db, const struct job *job, struct queue_mark marks[QUEUE_MARKS],
    const struct config *config, struct queue_place *place, struct error *err)
{
	struct queue_mark *mark = &marks[job->pipeline % QUEUE_MARKS];
	struct place_numbers numbers = { .max_parallel = 1 };
	struct service_status status;

	if (mark->pipeline != job->pipeline)
		*mark = (struct queue_mark){ .pipeline = job->pipeline, .order = INT64_MIN };
	if (!queue_read_numbers(db, job->id, mark, config->running_max, &numbers, err) ||
	    !service_read(db, &status, err))
		return false;
	mark->order = job->position;
	mark->place = numbers.before;
	place->position = numbers.before + 1;
	place->eta_s = numbers.run_ms == 0
	    ? -1
	    : (numbers.before + numbers.running) * numbers.run_ms / numbers.max_parallel / MS_PER_S;
	queue_explain(place, &numbers, &status, config->slots);
	return true;
}
