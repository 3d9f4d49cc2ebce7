/*
 * Lists the audit trail: an account's own events; for an admin, all events.
 */
#include "events.h"

#include "event.h"
#include "list.h"
#include "response.h"

static json_t *
events_number_or_null(int64_t number)
{
	return number == 0 ? json_null() : json_integer(number);
}

static bool
events_add_event(const struct event *event, void *context, struct error *err)
{
	return list_add(context, event->id,
	    json_pack("{s:I, s:o, s:s, s:s, s:o, s:o, s:o, s:s}", "id", (json_int_t)event->id,
		"time", response_time(event->created_at), "action", event->action, "login",
		event->login, "account", events_number_or_null(event->account), "token",
		events_number_or_null(event->token), "object", events_number_or_null(event->object),
		"address", event->address),
	    err);
}

static bool
events_add_all(struct list *list, struct error *err)
{
	struct request *req = list->req;

	return event_each(req->db, &req->caller.account, &list->page, events_add_event, list, err);
}

bool
events_list(struct request *req, struct response *res, struct error *err)
{
	static const struct list_kind all = { false, events_add_all };

	return list_answer(req, res, &all, err);
}
