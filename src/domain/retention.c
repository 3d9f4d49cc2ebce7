/*
 * Retention's statements. Each walk uses the index job_finished, so that the time for a batch does
 * not depend on the number of jobs.
 */
#include "retention.h"

#include "clock.h"
#include "jobstate.h"
#include "transaction.h"

#define OVER_MOST 1000 /* accounts in one run */

#define ENDED "state IN ('done', 'failed') AND NOT deleted"

#define WALK(bytes)                                                                                \
	"SELECT id, attempt, finished_at, " bytes ", coalesce(results_token, '')"                  \
	" FROM job INDEXED BY job_finished WHERE finished_at < ?1"                                 \
	" AND (finished_at, id) > (max(?2, ?3), iif(?2 > ?3, 0, ?4))"                              \
	" AND (?5 = 0 OR account = ?5) AND " ENDED

#define WALK_END " ORDER BY finished_at, id LIMIT ?6"

static const struct {
	const char *next;
	const char *apply; /* of the job ?1, at the time ?2; ?3 checks that the job is unchanged */
} kinds[] = {
	[RETENTION_RESULTS] = {
	    WALK("coalesce(results_size, 0)") " AND results_token IS NOT NULL" WALK_END,
	    "UPDATE job SET results_token = NULL, results_size = NULL, results_removed_at = ?2"
	    " WHERE id = ?1 AND finished_at = ?3 AND results_token IS NOT NULL AND " ENDED,
	},
	[RETENTION_LOGS] = {
	    WALK("log_size") " AND attempt > 0 AND logs_removed_at IS NULL" WALK_END,
	    "UPDATE job SET log_size = 0, logs_removed_at = ?2"
	    " WHERE id = ?1 AND finished_at = ?3 AND logs_removed_at IS NULL AND " ENDED,
	},
	[RETENTION_JOBS] = {
	    WALK("coalesce(results_size, 0) + log_size") WALK_END,
	    NULL, /* jobstate_delete_ended */
	},
};
_Static_assert(sizeof kinds / sizeof kinds[0] == RETENTION_KINDS, "each has its statements");

/* A walk, and the batch that it fills. */
struct retention_reading {
	struct retention_walk *walk;
	struct retention_batch *batch;
};

static bool
retention_take(struct statement *st, void *context, struct error *err)
{
	const struct retention_reading *reading = context;
	struct retention_job *job = &reading->batch->jobs[reading->batch->count++];

	(void)err;
	job->id = statement_integer(st, 0);
	job->attempts = statement_integer(st, 1);
	job->finished_at = statement_integer(st, 2);
	job->bytes = statement_integer(st, 3);
	statement_take_text(st, 4, job->results_token, sizeof job->results_token);
	reading->walk->last_finished_at = job->finished_at;
	reading->walk->last_id = job->id;
	return true;
}

bool
retention_next(struct database *db, enum retention_kind kind, struct retention_walk *walk,
    struct retention_batch *batch, struct error *err)
{
	struct retention_reading reading = { walk, batch };

	batch->count = 0;
	return database_each(db, err, kinds[kind].next,
	    VALUES(I(walk->before), I(walk->from), I(walk->last_finished_at), I(walk->last_id),
		I(walk->account), I(RETENTION_BATCH)),
	    retention_take, &reading);
}

bool
retention_apply(struct database *db, enum retention_kind kind, struct retention_batch *batch,
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t now = clock_now_ms();
	size_t applied = 0;

	if (!transaction_begin(&t, db, err))
		return false;
	for (size_t i = 0; i < batch->count; i++) {
		const struct retention_job *job = &batch->jobs[i];

		if (kinds[kind].apply == NULL
			? !jobstate_delete_ended(db, job->id, job->finished_at, err)
			: !database_run(db, err, kinds[kind].apply,
			      VALUES(I(job->id), I(now), I(job->finished_at))))
			return false;
		if (database_changes(db) == 1)
			batch->jobs[applied++] = *job;
	}
	if (!transaction_commit(&t, err))
		return false;
	batch->count = applied;
	return true;
}

/* The accounts that store too much. */
struct retention_accounts {
	struct {
		int64_t account;
		int64_t bytes; /* above its limit */
	} items[OVER_MOST];
	size_t count;
};

static bool
retention_take_account(struct statement *st, void *context, struct error *err)
{
	struct retention_accounts *over = context;

	(void)err;
	over->items[over->count].account = statement_integer(st, 0);
	over->items[over->count++].bytes = statement_integer(st, 1);
	return true;
}

/*
 * Reads all accounts before it calls visit: visit writes, and an open SELECT keeps the WAL growing.
 */
bool
retention_each_over(struct database *db, int64_t fallback, int64_t results_before,
    int64_t logs_before, retention_over *visit, void *context, struct error *err)
{
	struct retention_accounts over = { .count = 0 };

	if (!database_each(db, err,
		"/*scan*/ SELECT account, stored - most FROM"
		" (SELECT job.account, coalesce(kept_max, ?1) AS most, sum("
		"   iif(" ENDED " AND finished_at < ?2, 0, coalesce(results_size, 0)) +"
		"   iif(" ENDED " AND finished_at < ?3, 0, log_size)) AS stored"
		"  FROM job JOIN account ON account.id = job.account WHERE NOT deleted"
		"  GROUP BY job.account)"
		" WHERE most > 0 AND stored > most LIMIT ?4",
		VALUES(I(fallback), I(results_before), I(logs_before), I(OVER_MOST)),
		retention_take_account, &over))
		return false;
	for (size_t i = 0; i < over.count; i++)
		if (!visit(over.items[i].account, over.items[i].bytes, context, err))
			return false;
	return true;
}
