/*
 * Lists: as they come, or a page at a time.
 */
#include "list.h"

#include <stdio.h>

#include "request.h"
#include "response.h"

const struct parameter list_parameters[] = {
	LIST_PARAMETERS,
	{ 0 },
};

static bool
no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "make a list: not enough memory");
}

void
list_begin(struct list *list, struct request *req, char open)
{
	*list = (struct list){ .req = req, .fetch = INT64_MAX, .close = open == '{' ? '}' : ']' };
}

bool
list_begin_page(struct list *list, struct request *req, char open, struct error *err)
{
	list_begin(list, req, open);
	list->after = request_number(req, "after", 0);
	list->limit = request_number(req, "limit", 0);
	if (list->limit == 0)
		return true;
	list->fetch = list->limit + 1;
	list->gathered = open == '{' ? json_object() : json_array();
	return list->gathered != NULL || no_memory(err);
}

static bool
stream_item(struct list *list, int64_t id, json_t *item, struct error *err)
{
	char key[32];
	int length = 0;

	if (list->count == 0) {
		response_begin(list->req, 200, JSON_TYPE);
		key[length++] = list->close == '}' ? '{' : '[';
	} else {
		key[length++] = ',';
	}
	if (list->close == '}')
		length +=
		    snprintf(key + length, sizeof key - (size_t)length, "\"%lld\":", (long long)id);
	return (response_write(list->req, key, (size_t)length) &&
		   response_value(list->req, item)) ||
	    error_set(err, ERROR_INTERRUPTED,
		"make a list: the client is gone, or there is not enough memory");
}

bool
list_add(struct list *list, int64_t id, json_t *item, struct error *err)
{
	char key[24];

	if (item == NULL)
		return no_memory(err);
	if (list->gathered == NULL) {
		bool done = stream_item(list, id, item, err);

		json_decref(item);
		if (!done)
			return false;
	} else if (list->count == list->limit) {
		list->more = true;
		json_decref(item);
		return true;
	} else {
		snprintf(key, sizeof key, "%lld", (long long)id);
		if ((list->close == '}' ? json_object_set_new(list->gathered, key, item)
					: json_array_append_new(list->gathered, item)) < 0)
			return no_memory(err);
	}
	list->last_id = id;
	list->count++;
	return true;
}

static void
link_next(struct list *list)
{
	const char *state = request_text(list->req, "state"); /* the one filter that a list has */

	response_header(list->req, "Link: <%s?limit=%lld&after=%lld%s%s>; rel=\"next\"",
	    list->req->path, (long long)list->limit, (long long)list->last_id,
	    state != NULL ? "&state=" : "", state != NULL ? state : "");
}

bool
list_end(struct list *list)
{
	const char empty[] = { list->close == '}' ? '{' : '[', list->close, '\n' };

	if (list->gathered != NULL) {
		if (list->more)
			link_next(list);
		return response_json(list->req, 200, json_incref(list->gathered));
	}
	if (list->count == 0) {
		response_begin(list->req, 200, JSON_TYPE);
		response_write(list->req, empty, sizeof empty);
	} else {
		response_write(list->req, empty + 1, 2);
	}
	return true;
}

void
list_clear(struct list *list)
{
	json_decref(list->gathered);
	list->gathered = NULL;
}
