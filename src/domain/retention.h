#ifndef KABUTO_RETENTION_H
#define KABUTO_RETENTION_H
/*
 * Retention: finds the results, logs and jobs that must be removed, by their age or by the size of
 * their account, and changes the rows. The rows are changed first, so that no row names a file that
 * was removed; then the caller removes the files.
 *
 * Jobs come in batches, in the order of their ends. retention_next reads a batch without a lock;
 * retention_apply changes it in a short transaction, without jobs that have changed in between.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "database.h"
#include "error.h"
#include "secret.h"

#define RETENTION_BATCH 100

enum retention_kind { RETENTION_RESULTS, RETENTION_LOGS, RETENTION_JOBS, RETENTION_KINDS };

/* The state of a walk through the ended jobs. Set account, from and before; the rest must be 0. */
struct retention_walk {
	int64_t account; /* 0: all */
	int64_t from;    /* ms: the jobs ended at this time or later, */
	int64_t before;  /* ms: and before this time */
	int64_t last_finished_at, last_id;
};

struct retention_job {
	int64_t id;
	int64_t attempts;
	int64_t finished_at;
	int64_t bytes;                 /* of what is removed, as far as known */
	char results_token[NAME_TEXT]; /* empty: no results */
};

struct retention_batch {
	struct retention_job jobs[RETENTION_BATCH];
	size_t count;
};

/* Reads the walk's next jobs that have something to remove; count is 0 at the end. */
bool retention_next(struct database *db, enum retention_kind kind, struct retention_walk *walk,
    struct retention_batch *batch, struct error *err);

/*
 * Records that the results or logs of the batch are removed, or drops the jobs. Removes from the
 * batch the jobs that ran again or were deleted in between.
 */
bool retention_apply(struct database *db, enum retention_kind kind, struct retention_batch *batch,
    struct error *err);

/*
 * Calls visit for each account that stores more than its kept_max, with the bytes above it.
 * fallback is for accounts without their own limit (0: no limit). Jobs that ended before
 * results_before and logs_before do not count: they are removed by age.
 */
typedef bool retention_over(int64_t account, int64_t bytes, void *context, struct error *err);
bool retention_each_over(struct database *db, int64_t fallback, int64_t results_before,
    int64_t logs_before, retention_over *visit, void *context, struct error *err);

#endif
