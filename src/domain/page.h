#ifndef KABUTO_PAGE_H
#define KABUTO_PAGE_H
/*
 * Pages of lists. A list has the order of its ids, ascending or descending, and a page has the next
 * items behind an id. If no index serves a filter, rows must be examined that are not on the page.
 * So a page examines at most PAGE_EXAMINED rows, and tells where the next page goes on.
 */
#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "error.h"

#define PAGE_EXAMINED 20000 /* rows */

struct page {
	bool newest;   /* descending: the newest first */
	int64_t after; /* only items behind this id, in this order; 0: from the first one on */
	int64_t limit; /* most items; 0: the whole list, however many rows are examined */
	int64_t rest;  /* result: the rows behind this id were not examined; 0: they were */
};

/*
 * The statements of a list, in both orders: [0] ascending, [1] descending. `list` reads the items.
 * `bound` reads the id of the last row to examine.
 */
struct page_source {
	const char *list[2];
	const char *bound[2];
};

/*
 * Makes a struct page_source. `from` names the table and its index; `id` the column of the ids.
 * `key` is the condition on the index's columns before the id, and `filters` has the others, each
 * after " AND ". "?1" to "?5" are the caller's values.
 */
/* clang-format off */
#define PAGE_SOURCE(columns, from, id, key, filters)                                               \
	{                                                                                          \
		.list = {                                                                          \
			"SELECT " columns PAGE_OLDEST(from, id, key, filters) " LIMIT ?8",         \
			"SELECT " columns PAGE_NEWEST(from, id, key, filters) " LIMIT ?8" },       \
		.bound = {                                                                         \
			"SELECT " id PAGE_OLDEST(from, id, key, "") " LIMIT 1 OFFSET ?8",          \
			"SELECT " id PAGE_NEWEST(from, id, key, "") " LIMIT 1 OFFSET ?8" },        \
	}
#define PAGE_OLDEST(from, id, key, filters)                                                        \
	" FROM " from " WHERE " key " AND " id " > ?6 AND " id " <= ?7" filters " ORDER BY " id
#define PAGE_NEWEST(from, id, key, filters)                                                        \
	" FROM " from " WHERE " key " AND " id " < ?6 AND " id " >= ?7" filters " ORDER BY " id " DESC"
/* clang-format on */

/* The condition that ?5 is NULL, or a part of the column's text. The case of A to Z is ignored. */
#define PAGE_PART(column) "(?5 IS NULL OR instr(lower(" column "), lower(?5)) > 0)"

#define PAGE_VALUES 8 /* of a page's statements; the caller sets the first five */

/*
 * Sets *owns to whether a filter's id (0: no filter) is a thing of the account (0: of anybody). The
 * statement finds it by id and account. Only then may the thing's index serve the list: how many
 * rows of another account's thing were examined, and where they end, would show in the page.
 */
bool page_owns(struct database *db, const char *sql, int64_t id, int64_t account, bool *owns,
    struct error *err);

/*
 * Calls visit for each row of the page. filtered: `filters` may leave out many rows, so that the
 * rows to examine need a bound. Sets page->rest.
 */
bool page_each(struct database *db, const struct page_source *source, struct page *page,
    struct sql_value values[static PAGE_VALUES], bool filtered, database_visit *visit,
    void *context, struct error *err);

#endif
