/*
 * What a call changes, and what is written with it: its event, and its answer for an
 * Idempotency-Key. One transaction has all of it.
 */
#include <string.h>

#include "event.h"
#include "fault.h"
#include "request.h"
#include "router.h"
#include "transaction.h"
#include "wake.h"

struct database *
request_change(struct request *req, struct error *err)
{
	struct database *db = request_database(req, err);

	if (db == NULL)
		return NULL;
	transaction_hold(db);
	req->changes = true;
	return db;
}

void
request_wake(struct request *req)
{
	req->wake = true;
}

struct idempotency
request_idempotency(const struct request *req)
{
	struct idempotency call = {
		.account = req->account.id,
		.key = req->key,
	};

	memcpy(call.digest, req->digest_of_call, sizeof call.digest);
	return call;
}

static bool
add_event(struct request *req, const char *action, int64_t object, struct error *err)
{
	const struct event event = {
		.account = req->account.id,
		.login = req->account.login,
		.token = req->token,
		.action = action,
		.object = object,
		.address = request_header(req, "REMOTE_ADDR"),
	};

	return event_add(req->db, &event, err);
}

/* The last id of its path, unless the handler has named another one. */
static int64_t
object_of(const struct request *req)
{
	const char *last = strrchr(req->route->path, ':');
	size_t ids = 0;

	if (req->object != 0 || last == NULL)
		return req->object;
	for (const char *c = req->route->path; c < last; c++)
		ids += *c == ':';
	return req->ids[ids];
}

/* What is written with a success. */
static bool
add_rows(struct request *req, int status, const char *answer, struct error *err)
{
	const struct idempotency call = request_idempotency(req);

	return (req->route->event == NULL ||
		   add_event(req, req->route->event, object_of(req), err)) &&
	    (req->key[0] == '\0' || idempotency_keep(req->db, &call, status, answer, err));
}

bool
request_settle(struct request *req, int status, const char *answer, struct error *err)
{
	struct error ignored;

	if (req->db == NULL || !req->changes)
		return true;
	req->changes = false;
	if (status >= 300 || !add_rows(req, status, answer, err)) {
		(void)transaction_settle(req->db, false, &ignored);
		return status >= 300;
	}
	if (!transaction_settle(req->db, true, err))
		return false;
	fault_point("call", "commit");
	if (req->wake)
		wake_send(req->server->spool.state);
	if (req->replaced[0] != '\0') /* where it cannot be removed, the sweep does it */
		(void)spool_remove(&req->server->spool, req->server->spool.inbox, req->replaced,
		    NULL, &ignored);
	return true;
}

bool
request_note(struct request *req, const char *action, int64_t object, struct error *err)
{
	if (strcmp(request_header(req, "REQUEST_METHOD"), "HEAD") == 0)
		return true;
	return request_database(req, err) != NULL && add_event(req, action, object, err);
}
