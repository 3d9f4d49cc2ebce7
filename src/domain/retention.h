#ifndef KABUTO_RETENTION_H
#define KABUTO_RETENTION_H
/*
 * What is kept of jobs that have ended, and for how long: which results, logs and jobs are to go,
 * by age or by an account's size. Rows first, so that nobody is promised what is gone; the files
 * are the caller's to remove.
 *
 * Jobs are taken in batches, oldest end first: looked up without a lock, and changed in a short
 * transaction that leaves out what has changed since.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "database.h"
#include "error.h"
#include "secret.h"

#define RETENTION_BATCH 100

enum retention_kind { RETENTION_RESULTS, RETENTION_LOGS, RETENTION_JOBS, RETENTION_KINDS };

/* Where a walk through the ended jobs is; it begins at { .account, .from, .before } and zeros. */
struct retention_walk {
	int64_t account; /* 0: all */
	int64_t from;    /* ms: jobs that ended at that time or later */
	int64_t before;  /* ms: and before that time */
	int64_t last_finished_at, last_id;
};

struct retention_job {
	int64_t id;
	int64_t attempts;
	int64_t finished_at;
	int64_t bytes;                 /* of what goes, as far as it is known */
	char results_token[NAME_TEXT]; /* empty: none */
};

struct retention_batch {
	struct retention_job jobs[RETENTION_BATCH];
	size_t count;
};

/* The walk's next jobs that have what is to go; count is 0 at its end. */
bool retention_next(struct database *db, enum retention_kind kind, struct retention_walk *walk,
    struct retention_batch *batch, struct error *err);

/*
 * Notes that the results, the logs or the jobs of the batch are gone. What ran again or was deleted
 * meanwhile leaves the batch.
 */
bool retention_apply(struct database *db, enum retention_kind kind, struct retention_batch *batch,
    struct error *err);

/*
 * Called for each account that has more than its kept_max, or fallback where it has none of its
 * own (0: no limit), with the bytes that are over. What ended before results_before and logs_before
 * does not count: it goes by its age.
 */
typedef bool retention_over(int64_t account, int64_t bytes, void *context, struct error *err);
bool retention_each_over(struct database *db, int64_t fallback, int64_t results_before,
    int64_t logs_before, retention_over *visit, void *context, struct error *err);

#endif
