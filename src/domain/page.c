/*
 * Reading pages.
 */
#include "page.h"

bool
page_owns(struct database *db, const char *sql, int64_t id, int64_t account, bool *owns,
    struct error *err)
{
	*owns = id != 0;
	return id == 0 || account == 0 ||
	    database_exists(db, owns, err, sql, VALUES(I(id), I(account)));
}

bool
page_each(struct database *db, const struct page_source *source, struct page *page,
    struct sql_value values[static PAGE_VALUES], bool filtered, database_visit *visit,
    void *context, struct error *err)
{
	int order = page->newest;

	page->rest = 0;
	values[5] = I(page->newest && page->after == 0 ? INT64_MAX : page->after);
	values[6] = I(page->newest ? 0 : INT64_MAX);
	values[7] = I(PAGE_EXAMINED - 1);
	if (filtered && page->limit > 0) {
		if (database_integer(db, &page->rest, err, source->bound[order],
			(struct sql_values){ values, PAGE_VALUES }) < 0)
			return false;
		if (page->rest != 0)
			values[6] = I(page->rest);
	}
	values[7] = I(page->limit > 0 ? page->limit : INT64_MAX);
	return database_each(db, err, source->list[order],
	    (struct sql_values){ values, PAGE_VALUES }, visit, context);
}
