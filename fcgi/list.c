/*
 * Sends lists, either as they are read or a page at a time.
 */
#include "list.h"

#include <stdio.h>
#include <string.h>

#include "changefeed.h"
#include "cleanup.h"
#include "take.h"
#include "urlencoded.h"

#define LIST_LINK  1600   /* bytes of the filters in a Link, which must fit into RESPONSE_HEADERS */
#define LIST_PARTS 100000 /* of the items of a page; about 130 MB of memory */

const struct parameter list_parameters[] = {
	LIST_PARAMETERS,
	{ 0 },
};

const struct parameter list_ordered_parameters[] = {
	LIST_PARAMETERS,
	LIST_ORDER,
	{ 0 },
};

const struct parameter list_named_parameters[] = {
	LIST_PARAMETERS,
	LIST_ORDER,
	LIST_OWN,
	LIST_NAME,
	{ 0 },
};

static bool
list_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "make a list: not enough memory");
}

static bool
list_stream_item(struct list *list, int64_t id, json_t *item, struct error *err)
{
	char key[32];
	int length = 1;

	key[0] = list->count > 0 ? ',' : list->object ? '{' : '[';
	if (list->object)
		length += snprintf(key + 1, sizeof key - 1, "\"%lld\":", (long long)id);
	return (response_write(list->res, key, (size_t)length) &&
		   response_value(list->res, item)) ||
	    error_set(err, ERROR_INTERRUPTED,
		"make a list: the client is gone, or there is not enough memory");
}

static bool
list_gather_item(struct list *list, int64_t id, json_t *item, struct error *err)
{
	char key[24];

	snprintf(key, sizeof key, "%lld", (long long)id);
	return (list->object ? json_object_set(list->gathered, key, item)
			     : json_array_append(list->gathered, item)) == 0 ||
	    list_no_memory(err);
}

bool
list_is_full(struct list *list)
{
	if (list->limit == 0 || (list->count < list->limit && list->parts < LIST_PARTS))
		return false;
	list->more = true;
	return true;
}

bool
list_add(struct list *list, int64_t id, json_t *item, struct error *err)
{
	bool done;

	if (item == NULL)
		return list_no_memory(err);
	if (list_is_full(list)) {
		json_decref(item);
		return true;
	}
	done = list->gathered != NULL ? list_gather_item(list, id, item, err)
				      : list_stream_item(list, id, item, err);
	json_decref(item);
	list->last_id = id;
	list->count++;
	return done;
}

struct account
list_viewer(const struct list *list)
{
	struct account viewer = list->req->caller.account;

	viewer.admin = viewer.admin && !request_flag(list->req, "own");
	return viewer;
}

const char *
list_name(const struct list *list)
{
	const char *name = request_text(list->req, "name");

	return name != NULL && name[0] != '\0' ? name : NULL;
}

int64_t
list_id(const struct list *list, const char *name)
{
	int64_t id = request_number(list->req, name, 0);

	return id == 0 && parameter_value(&list->req->values, name) != NULL ? -1 : id;
}

/* Names the next page, behind the id `after`: the same call with all its other parameters. */
static void
list_link_next(struct list *list, int64_t after)
{
	const struct values *values = &list->req->values;
	char filters[LIST_LINK] = "";
	size_t at = 0;

	for (size_t i = 0; i < values->count; i++) {
		const struct value *value = &values->items[i];
		char text[LIST_LINK];

		if (strcmp(value->parameter->name, "limit") == 0 ||
		    strcmp(value->parameter->name, "after") == 0)
			continue;
		urlencoded_encode(value->text, text, sizeof text);
		at += (size_t)snprintf(filters + at, sizeof filters - at, "&%s=%s",
		    value->parameter->name, text);
		if (at >= sizeof filters)
			return; /* no filters are that long */
	}
	response_header(list->res, "Link: <%s?limit=%lld&after=%lld%s>; rel=\"next\"",
	    list->req->path.text, (long long)list->limit, (long long)after, filters);
}

/* Begins a page of the call's list; limit 0: the whole list. */
static struct page
list_page(const struct request *req, int64_t limit)
{
	const char *order = request_text(req, "order");

	return (struct page){ .newest = order != NULL && strcmp(order, "newest") == 0,
		.after = request_number(req, "after", 0),
		.limit = limit == 0 ? 0 : limit + 1 };
}

static bool
list_write(struct request *req, struct response *res, struct error *err)
{
	const struct list_kind *kind = res->context;
	const char empty[] = { kind->object ? '{' : '[', kind->object ? '}' : ']', '\n' };
	struct list list = {
		.req = req, .res = res, .object = kind->object, .page = list_page(req, 0)
	};

	if (request_database(req, err) == NULL || !kind->add_items(&list, err))
		return false;
	if (list.count == 0)
		response_write(res, empty, sizeof empty);
	else
		response_write(res, empty + 1, 2);
	return true;
}

bool
list_answer_whole(struct request *req, struct response *res, const struct list_kind *kind,
    struct error *err)
{
	cleanup_json json_t *gathered = kind->object ? json_object() : json_array();
	struct list list = { .req = req,
		.res = res,
		.object = kind->object,
		.limit = request_number(req, "limit", 0),
		.gathered = gathered };

	list.page = list_page(req, list.limit);
	if (gathered == NULL)
		return list_no_memory(err);
	if (request_database(req, err) == NULL || !kind->add_items(&list, err))
		return false;
	if (list.more || list.page.rest != 0)
		list_link_next(&list, list.more ? list.last_id : list.page.rest);
	return response_json(res, 200, take_pointer(&gathered), err);
}

/*
 * Adds the number of the last change to the header, read before the list is: GET /events?after=
 * with it tells whatever changes after this answer.
 */
static bool
list_tell_change(struct request *req, struct response *res, struct error *err)
{
	struct database *db = request_database(req, err);
	int64_t number;

	if (db == NULL || !changefeed_last(db, &number, err))
		return false;
	response_header(res, "X-Last-Change: %lld", (long long)number);
	return true;
}

bool
list_answer(struct request *req, struct response *res, const struct list_kind *kind,
    struct error *err)
{
	if (!list_tell_change(req, res, err))
		return false;
	return request_number(req, "limit", 0) == 0
	    ? response_stream(res, JSON_TYPE, list_write, kind)
	    : list_answer_whole(req, res, kind, err);
}
