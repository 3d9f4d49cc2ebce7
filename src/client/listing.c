/*
 * Reads lists of the API page by page. A page may be short or empty and have a next one, so the
 * header Link tells whether the list goes on.
 */
#include "listing.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "display.h"

#define PAGE_MOST 1000 /* items of a page, by the API */

static void
listing_copy_fields(const struct http_fields *from, struct http_fields *to)
{
	for (size_t i = 0; from != NULL && i < from->count; i++)
		httpfields_add(to, from->items[i].name, from->items[i].value);
	if (from != NULL)
		to->failed = to->failed || from->failed;
}

/*
 * Visits a page of at most size items after the id `after` (0: the first page). Takes the number of
 * its items from *left. *after becomes the id that the next page begins after; 0: the list ends.
 */
static bool
listing_page(struct http *http, const char *path, const struct http_fields *fields, int64_t *after,
    int64_t *left, listing_visit *visit, void *context, struct error *err)
{
	cleanup_fields struct http_fields page = { 0 };
	cleanup_json json_t *items = NULL;
	const char *id;
	json_t *item;

	listing_copy_fields(fields, &page);
	httpfields_add_number(&page, "limit", *left < PAGE_MOST ? *left : PAGE_MOST);
	if (*after != 0)
		httpfields_add_number(&page, "after", *after);
	if (!http_call(http, "GET", path, &page, &items, err))
		return false;
	if (!json_is_object(items))
		return httpanswer_foreign(http->settings.url, err);
	if (*after != 0 && http->next_after == *after)
		return error_set(err, ERROR_SYSTEM,
		    "%s sent a page of a list again: check what is between you and the server",
		    http->settings.url);
	*after = http->next_after;
	json_object_foreach (items, id, item) {
		if (id[0] == '\0' || id[strspn(id, "0123456789")] != '\0')
			return httpanswer_foreign(http->settings.url, err);
		--*left;
		if (!visit(id, item, context)) {
			*after = 0;
			break;
		}
	}
	return true;
}

bool
listing_each(struct http *http, const char *path, const struct http_fields *fields, int64_t limit,
    listing_visit *visit, void *context, struct error *err)
{
	int64_t after = 0;

	do
		if (!listing_page(http, path, fields, &after, &limit, visit, context, err))
			return false;
	while (after != 0 && limit > 0);
	return true;
}

static bool
listing_print_item(const char *id, const json_t *object, void *context)
{
	bool *first = context;

	printf("%s\"%s\": ", *first ? "{" : ", ", id);
	display_json_part(object, 0);
	*first = false;
	return !display_is_over();
}

bool
listing_print_json(struct http *http, const char *path, const struct http_fields *fields,
    int64_t limit, struct error *err)
{
	bool first = true;

	if (!listing_each(http, path, fields, limit, listing_print_item, &first, err))
		return false;
	printf("%s}\n", first ? "{" : "");
	return true;
}
