/*
 * Retention's statements. Each walk goes along the index job_finished, so that a batch costs what
 * it takes, however many jobs there are.
 */
#include "retention.h"

#include <stdio.h>

#include "quantity.h"

#define OVER_MOST 1000 /* accounts that are looked at in one run */

#define ENDED "state IN ('done', 'failed') AND NOT deleted"

#define WALK(bytes)                                                                                \
	"SELECT id, attempt, finished_at, " bytes ", coalesce(results_token, '')"                  \
	" FROM job INDEXED BY job_finished WHERE finished_at < ?1"                                 \
	" AND (finished_at, id) > (max(?2, ?3), iif(?2 > ?3, 0, ?4))"                              \
	" AND (?5 = 0 OR account = ?5) AND " ENDED

#define WALK_END " ORDER BY finished_at, id LIMIT ?6"

static const struct {
	const char *next;
	const char
	    *apply; /* of the id ?1, at the time ?2; ?3 is what makes sure that it is the same */
} kinds[RETENTION_KINDS] = {
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
	    "UPDATE job SET deleted = ?2 > 0 WHERE id = ?1 AND finished_at = ?3 AND " ENDED,
	},
};

bool
retention_next(struct database *db, enum retention_kind kind, struct retention_walk *walk,
    struct retention_batch *batch, struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	batch->count = 0;
	if (!statement_begin(&st, db, err, kinds[kind].next, "iiiiii", (long long)walk->before,
		(long long)walk->from, (long long)walk->last_finished_at, (long long)walk->last_id,
		(long long)walk->account, (long long)RETENTION_BATCH))
		return false;
	while ((row = statement_row(&st, err)) == 1) {
		struct retention_job *job = &batch->jobs[batch->count++];

		job->id = statement_integer(&st, 0);
		job->attempts = statement_integer(&st, 1);
		job->finished_at = statement_integer(&st, 2);
		job->bytes = statement_integer(&st, 3);
		snprintf(job->results_token, sizeof job->results_token, "%s",
		    statement_text(&st, 4));
		walk->last_finished_at = job->finished_at;
		walk->last_id = job->id;
	}
	return row == 0;
}

bool
retention_apply(struct database *db, enum retention_kind kind, struct retention_batch *batch,
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	long long now = time_now_ms();
	size_t applied = 0;

	if (!transaction_begin(&t, db, err))
		return false;
	for (size_t i = 0; i < batch->count; i++) {
		const struct retention_job *job = &batch->jobs[i];
		int changes = 0;

		if (!database_run(db, &changes, err, kinds[kind].apply, "iii", (long long)job->id,
			now, (long long)job->finished_at))
			return false;
		if (changes == 1)
			batch->jobs[applied++] = *job;
	}
	if (!transaction_commit(&t, err))
		return false;
	batch->count = applied;
	return true;
}

/* Read as a whole first: what is removed meanwhile must not wait for the end of the statement. */
static bool
read_over(struct database *db, int64_t fallback, int64_t results_before, int64_t logs_before,
    int64_t (*over)[2], size_t *count, struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err,
		"/*scan*/ SELECT account, stored - most FROM"
		" (SELECT job.account, coalesce(stored_max, ?1) AS most, sum("
		"   iif(" ENDED " AND finished_at < ?2, 0, coalesce(results_size, 0)) +"
		"   iif(" ENDED " AND finished_at < ?3, 0, log_size)) AS stored"
		"  FROM job JOIN account ON account.id = job.account WHERE NOT deleted"
		"  GROUP BY job.account)"
		" WHERE most > 0 AND stored > most LIMIT ?4",
		"iiii", (long long)fallback, (long long)results_before, (long long)logs_before,
		(long long)OVER_MOST))
		return false;
	while ((row = statement_row(&st, err)) == 1) {
		over[*count][0] = statement_integer(&st, 0);
		over[*count][1] = statement_integer(&st, 1);
		++*count;
	}
	return row == 0;
}

bool
retention_each_over(struct database *db, int64_t fallback, int64_t results_before,
    int64_t logs_before, retention_over *visit, void *context, struct error *err)
{
	int64_t over[OVER_MOST][2];
	size_t count = 0;

	if (!read_over(db, fallback, results_before, logs_before, over, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!visit(over[i][0], over[i][1], context, err))
			return false;
	return true;
}
