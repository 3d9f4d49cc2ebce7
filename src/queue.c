/*
 * The order of the queue (design, scheduling).
 */
#include "queue.h"

#include <stddef.h>

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

/* Steps from account to account in the index, so that it costs a seek for each account that waits. */
#define PICK_ACCOUNT                                                                                 \
	"/*scan*/ WITH RECURSIVE waiting (account) AS ("                                              \
	"  SELECT min(account) FROM queue"                                                            \
	"  UNION ALL"                                                                                 \
	"  SELECT (SELECT min(account) FROM queue WHERE account > waiting.account)"                   \
	"   FROM waiting WHERE waiting.account IS NOT NULL)"                                          \
	" SELECT account FROM waiting WHERE account IS NOT NULL"                                      \
	" ORDER BY (SELECT count(*) FROM job WHERE job.account = waiting.account AND state = 'running')," \
	"  max((SELECT min(waiting_since) FROM queue WHERE queue.account = waiting.account),"         \
	"   (SELECT served_at FROM account WHERE id = waiting.account))"                              \
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
