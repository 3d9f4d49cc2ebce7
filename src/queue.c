/*
 * The order of the queue (design, scheduling).
 */
#include "queue.h"

#include <stdio.h>

#include "quantity.h"
#include "service.h"

#define ETA_RUNS "20" /* last jobs of an image from which an estimate is made */

bool
queue_refresh(struct database *db, int64_t pipeline, struct error *err)
{
	return database_run(db, NULL, err, "DELETE FROM queue WHERE pipeline = ?", "i",
		   (long long)pipeline) &&
	    database_run(db, NULL, err,
		"INSERT INTO queue (pipeline, account, waiting_since)"
		" SELECT pipeline.id, pipeline.account, job.queued_at"
		" FROM pipeline JOIN job ON job.id ="
		"  (SELECT id FROM job WHERE pipeline = ?1 AND state = 'in_queue' ORDER BY position LIMIT 1)"
		" WHERE pipeline.id = ?1 AND pipeline.max_parallel >"
		"  (SELECT count(*) FROM job WHERE pipeline = ?1 AND state = 'running')",
		"i", (long long)pipeline);
}

/*
 * Steps from account to account in the index, so that it costs a seek for each account that waits.
 */
#define PICK_ACCOUNT                                                                                      \
	"/*scan*/ WITH RECURSIVE waiting (account) AS ("                                                  \
	"  SELECT min(account) FROM queue"                                                                \
	"  UNION ALL"                                                                                     \
	"  SELECT (SELECT min(account) FROM queue WHERE account > waiting.account)"                       \
	"   FROM waiting WHERE waiting.account IS NOT NULL)"                                              \
	" SELECT account FROM waiting WHERE account IS NOT NULL"                                          \
	" ORDER BY (SELECT count(*) FROM job WHERE job.account = waiting.account AND state = 'running')," \
	"  max((SELECT min(waiting_since) FROM queue WHERE queue.account = waiting.account),"             \
	"   (SELECT served_at FROM account WHERE id = waiting.account))"                                  \
	" LIMIT 1"

bool
queue_pick(struct database *db, int64_t *pipeline, struct error *err)
{
	int64_t account = 0;

	*pipeline = 0;
	switch (database_integer(db, &account, err, PICK_ACCOUNT, "")) {
	case 0:
		return true;
	case 1:
		return database_integer(db, pipeline, err,
			   "SELECT pipeline FROM queue WHERE account = ?"
			   " ORDER BY waiting_since, pipeline LIMIT 1",
			   "i", (long long)account) >= 0;
	default:
		return false;
	}
}

struct place_numbers {
	int64_t before;  /* jobs in queue before it */
	int64_t running; /* of its pipeline */
	int64_t max_parallel;
	int64_t run_ms; /* what its image's jobs take on average; 0: none has run */
};

static bool
read_numbers(struct database *db, int64_t job, int64_t before, struct place_numbers *numbers,
    struct error *err)
{
	cleanup_statement struct statement st = { NULL, NULL };
	int row;

	if (!statement_begin(&st, db, err,
		"SELECT iif(?2 >= 0, ?2, (SELECT count(*) FROM job WHERE pipeline = j.pipeline AND"
		"   state = 'in_queue' AND position < j.position)),"
		" (SELECT count(*) FROM job WHERE pipeline = j.pipeline AND state = 'running'),"
		" (SELECT max_parallel FROM pipeline WHERE id = j.pipeline),"
		" (SELECT avg(finished_at - started_at) FROM (SELECT state, started_at, finished_at FROM job"
		"   WHERE image = j.image ORDER BY id DESC LIMIT " ETA_RUNS
		") WHERE state = 'done')"
		" FROM job j WHERE j.id = ?1",
		"ii", (long long)job, (long long)before))
		return false;
	row = statement_row(&st, err);
	if (row == 1) {
		numbers->before = statement_integer(&st, 0);
		numbers->running = statement_integer(&st, 1);
		numbers->max_parallel = statement_integer(&st, 2);
		numbers->run_ms = statement_integer(&st, 3);
	}
	return row >= 0;
}

bool
queue_place(struct database *db, int64_t job, int64_t before, int64_t slots,
    struct queue_place *place, struct error *err)
{
	struct place_numbers numbers = { .max_parallel = 1 };
	struct service_status status;
	char since[QUANTITY_TEXT];

	if (!read_numbers(db, job, before, &numbers, err) || !service_read(db, &status, err))
		return false;
	place->position = numbers.before + 1;
	place->eta_s = numbers.run_ms == 0
	    ? -1
	    : (numbers.before + numbers.running) * numbers.run_ms / numbers.max_parallel / MS_PER_S;
	if (status.engine_away_since != 0)
		snprintf(place->reason, sizeof place->reason, "the engine does not answer since %s",
		    time_format(status.engine_away_since, since));
	else if (status.disk_error[0] != '\0')
		snprintf(place->reason, sizeof place->reason, "%s", status.disk_error);
	else if (numbers.before > 0)
		snprintf(place->reason, sizeof place->reason,
		    "%lld job%s before it in its pipeline", (long long)numbers.before,
		    numbers.before == 1 ? "" : "s");
	else if (numbers.running >= numbers.max_parallel)
		snprintf(place->reason, sizeof place->reason,
		    "%lld of its pipeline run%s, which is max_parallel", (long long)numbers.running,
		    numbers.running == 1 ? "s" : "");
	else
		snprintf(place->reason, sizeof place->reason, "all %lld slots are taken",
		    (long long)slots);
	return true;
}
