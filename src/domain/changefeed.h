#ifndef KABUTO_CHANGEFEED_H
#define KABUTO_CHANGEFEED_H
/*
 * The changes of jobs, builds and pipelines, in the order of their numbers. Each object has only
 * its last change. A reader that knows a number reads on after it, and misses nothing: a number is
 * given and committed in one transaction, and transactions commit in the order of their numbers.
 */
#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "error.h"

enum changefeed_kind { CHANGEFEED_JOB, CHANGEFEED_BUILD, CHANGEFEED_PIPELINE };

struct changefeed_item {
	int64_t number;
	enum changefeed_kind kind;
	int64_t object;  /* its id */
	int64_t account; /* its owner */
	bool removed;    /* the object was deleted */
};

/* *number gets the number of the last change; 0: nothing has changed yet. */
bool changefeed_last(struct database *db, int64_t *number, struct error *err);

/* Which changes to read. */
struct changefeed_range {
	int64_t account;        /* of this account only; 0: of all accounts */
	int64_t after;          /* with a larger number */
	int64_t removals_after; /* deletions only with a larger number than this, too */
	int64_t limit;          /* this many at most */
};

/* Gets one change. False, with err set, ends the reading. */
typedef bool changefeed_visit(const struct changefeed_item *item, void *context, struct error *err);

/* Calls visit for each change in the range, in the order of their numbers. */
bool changefeed_each(struct database *db, const struct changefeed_range *range,
    changefeed_visit *visit, void *context, struct error *err);

/* Count, or drop at most `most` of, the records of deletions from before before_ms. */
bool changefeed_count_old(struct database *db, int64_t before_ms, int64_t *count,
    struct error *err);
bool changefeed_erase_old(struct database *db, int64_t before_ms, int64_t most, int64_t *erased,
    struct error *err);

#endif
