/*
 * Sends lists, either as they are read or a page at a time.
 */
#include "list.h"

#include <stdio.h>

#include "changefeed.h"
#include "cleanup.h"
#include "take.h"

const struct parameter list_parameters[] = {
	LIST_PARAMETERS,
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
list_add(struct list *list, int64_t id, json_t *item, struct error *err)
{
	bool done;

	if (item == NULL)
		return list_no_memory(err);
	if (list->limit > 0 && list->count == list->limit) {
		list->more = true;
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

static void
list_link_next(struct list *list)
{
	const char *state = request_text(list->req, "state"); /* the only filter of lists */

	response_header(list->res, "Link: <%s?limit=%lld&after=%lld%s%s>; rel=\"next\"",
	    list->req->path.text, (long long)list->limit, (long long)list->last_id,
	    state != NULL ? "&state=" : "", state != NULL ? state : "");
}

static bool
list_write(struct request *req, struct response *res, struct error *err)
{
	const struct list_kind *kind = res->context;
	const char empty[] = { kind->object ? '{' : '[', kind->object ? '}' : ']', '\n' };
	struct list list = { .req = req,
		.res = res,
		.object = kind->object,
		.after = request_number(req, "after", 0),
		.fetch = INT64_MAX };

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
		.after = request_number(req, "after", 0),
		.limit = request_number(req, "limit", 0),
		.gathered = gathered };

	list.fetch = list.limit + 1;
	if (gathered == NULL)
		return list_no_memory(err);
	if (request_database(req, err) == NULL || !kind->add_items(&list, err))
		return false;
	if (list.more)
		list_link_next(&list);
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
