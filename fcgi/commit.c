/*
 * Commits calls: one transaction for each call.
 */
#include "commit.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "event.h"
#include "crash.h"
#include "route.h"
#include "transaction.h"
#include "wake.h"

struct database *
commit_begin(struct request *req, struct error *err)
{
	struct database *db = request_database(req, err);

	if (db == NULL)
		return NULL;
	transaction_hold(db);
	req->change.begun = true;
	return db;
}

void
commit_wake(struct request *req)
{
	req->change.wake = true;
}

void
commit_object(struct request *req, int64_t object)
{
	req->change.object = object;
}

void
commit_replaced(struct request *req, const char *folder)
{
	snprintf(req->change.replaced, sizeof req->change.replaced, "%s", folder);
}

static struct idempotency
commit_idempotency(const struct request *req)
{
	struct idempotency call = { .account = req->caller.account.id, .key = req->key.text };

	memcpy(call.digest, req->key.of_call, sizeof call.digest);
	return call;
}

static bool
commit_add_event(struct request *req, const char *action, int64_t object, struct error *err)
{
	const struct event event = {
		.account = req->caller.account.id,
		.login = req->caller.account.login,
		.token = req->caller.token,
		.action = action,
		.object = object,
		.address = request_header(req, "REMOTE_ADDR"),
	};

	return event_add(req->db, &event, err);
}

/*
 * Returns the object of the call's event: the one that the handler set, or the last id in the path.
 */
static int64_t
commit_object_of(const struct request *req)
{
	const char *last = strrchr(req->route->path, ':');
	char name[32];

	if (req->change.object != 0 || last == NULL)
		return req->change.object;
	snprintf(name, sizeof name, "%.*s", (int)strcspn(last + 1, "/"), last + 1);
	return request_id(req, name);
}

/* Adds the rows that record a success: the event, and the response for its key. */
static bool
commit_add_rows(struct request *req, const struct response *res, struct error *err)
{
	const struct idempotency call = commit_idempotency(req);

	return (req->route->event == NULL ||
		   commit_add_event(req, req->route->event, commit_object_of(req), err)) &&
	    (req->key.text[0] == '\0' ||
		idempotency_keep(req->db, &call, res->status, res->text, err));
}

bool
commit_call(struct request *req, const struct response *res, struct error *err)
{
	struct error ignored;

	if (!req->change.begun)
		return true;
	assert(req->db != NULL); /* a handler that released it would have lost its changes */
	req->change.begun = false;
	if (res->status >= 300 || !commit_add_rows(req, res, err)) {
		(void)transaction_settle(req->db, false, &ignored);
		return res->status >= 300;
	}
	if (!transaction_settle(req->db, true, err))
		return false;
	crash_point("call", "commit");
	if (req->change.wake)
		wake_send(req->server->spool.state);
	if (req->change.replaced[0] != '\0') /* if this fails, the sweep removes it */
		(void)spool_remove(&req->server->spool, req->server->spool.inbox,
		    req->change.replaced, NULL, &ignored);
	return true;
}

bool
commit_event(struct request *req, const char *action, int64_t object, struct error *err)
{
	return request_is_head(req) ||
	    (request_database(req, err) != NULL && commit_add_event(req, action, object, err));
}

bool
commit_begin_key(struct request *req, struct error *err)
{
	const char *key = request_header(req, "HTTP_IDEMPOTENCY_KEY");
	size_t length = strlen(key);

	if (length == 0 || strcmp(req->method, "POST") != 0 || req->caller.account.id == 0)
		return true;
	if ((req->route->flags & SECRET) != 0)
		return error_set(err, ERROR_INPUT,
		    "Idempotency-Key: this call contains or returns a secret, so its answer is not stored; send it without the key");
	for (size_t i = 0; i < length; i++)
		if (key[i] < ' ' || key[i] > '~' || length > IDEMPOTENCY_KEY_MOST)
			return error_set(err, ERROR_INPUT,
			    "Idempotency-Key: must be 1 to %d printable ASCII characters",
			    IDEMPOTENCY_KEY_MOST);
	memcpy(req->key.text, key, length + 1);
	digest_begin(&req->key.digest);
	digest_add(&req->key.digest, "path", req->path.text, strlen(req->path.text));
	req->values.digest = &req->key.digest;
	return true;
}

void
commit_end_key(struct request *req)
{
	if (req->key.text[0] != '\0')
		digest_end(&req->key.digest, req->key.of_call);
}

bool
commit_replay(struct request *req, struct response *res, bool *replayed, struct error *err)
{
	const struct idempotency call = commit_idempotency(req);
	cleanup_free char *answer = NULL;
	struct database *db;
	int status = 0;

	*replayed = false;
	if (req->key.text[0] == '\0')
		return true;
	db = request_database(req, err);
	if (db == NULL || !idempotency_find(db, &call, &status, &answer, err))
		return false;
	if (answer == NULL)
		return true;
	*replayed = true;
	response_header(res, "Idempotency-Replayed: true");
	return response_text(res, status, answer, err);
}
