/*
 * Reads the numbers that the triggers of schema.sql give to changes.
 */
#include "changefeed.h"

bool
changefeed_last(struct database *db, int64_t *number, struct error *err)
{
	return database_integer(db, number, err, "SELECT last FROM change_number WHERE id = 1",
		   NO_VALUES) == 1;
}

struct changefeed_each {
	changefeed_visit *visit;
	void *context;
};

static bool
changefeed_visit_row(struct statement *st, void *context, struct error *err)
{
	const struct changefeed_each *each = context;
	const char *kind = statement_text(st, 1);
	const struct changefeed_item item = {
		.number = statement_integer(st, 0),
		.kind = kind[0] == 'j' ? CHANGEFEED_JOB
		    : kind[0] == 'b'   ? CHANGEFEED_BUILD
				       : CHANGEFEED_PIPELINE,
		.object = statement_integer(st, 2),
		.account = statement_integer(st, 3),
		.removed = statement_integer(st, 4) != 0,
	};

	return each->visit(&item, each->context, err);
}

/* clang-format off */

/*
 * Merges four lists of at most `limit` rows each. An index has the rows of each list in the order
 * of their numbers. `owner` is the condition for the account.
 */
#define LISTED(table, owner, also)                                                                 \
	"SELECT * FROM (SELECT changed, '" table "', id, account, 0 FROM " table                   \
	" WHERE " owner " AND changed > ?2 AND changed > 0" also " ORDER BY changed LIMIT ?4)"
#define LISTED_REMOVALS(owner)                                                                     \
	"SELECT * FROM (SELECT change, kind, object, account, 1 FROM removal"                      \
	" WHERE " owner " AND change > max(?2, ?3) ORDER BY change LIMIT ?4)"
#define CHANGES(owner)                                                                             \
	"/*scan*/ SELECT * FROM (" LISTED("job", owner, " AND deleted = 0")                        \
	" UNION ALL " LISTED("build", owner, "")                                                   \
	" UNION ALL " LISTED("pipeline", owner, " AND deleted = 0")                                \
	" UNION ALL " LISTED_REMOVALS(owner) ") ORDER BY 1 LIMIT ?4"

/* clang-format on */

bool
changefeed_each(struct database *db, const struct changefeed_range *range, changefeed_visit *visit,
    void *context, struct error *err)
{
	struct changefeed_each each = { visit, context };

	return database_each(db, err,
	    range->account == 0 ? CHANGES("?1 = 0") : CHANGES("account = ?1"),
	    VALUES(I(range->account), I(range->after), I(range->removals_after), I(range->limit)),
	    changefeed_visit_row, &each);
}

bool
changefeed_count_old(struct database *db, int64_t before_ms, int64_t *count, struct error *err)
{
	return database_integer(db, count, err, "SELECT count(*) FROM removal WHERE removed_at < ?",
		   VALUES(I(before_ms))) == 1;
}

bool
changefeed_erase_old(struct database *db, int64_t before_ms, int64_t most, int64_t *erased,
    struct error *err)
{
	return database_erase(db, erased, err,
	    "DELETE FROM removal WHERE change IN"
	    " (SELECT change FROM removal WHERE removed_at < ? LIMIT ?)",
	    before_ms, most);
}
