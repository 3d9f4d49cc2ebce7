/*
 * Waiting by looking again: a state is one row, and to look at it costs some 30 microseconds.
 */
#include "wait.h"

#include <poll.h>

#include "clock.h"
#include "request.h"

#define LOOK_MS 50 /* between two looks */

const struct parameter wait_parameters[] = {
	{ .name = "wait", .type = PARAMETER_NUMBER, .least = 0 },
	{ 0 },
};

int64_t
wait_seconds(const struct request *req)
{
	int64_t seconds = request_number(req, "wait", 0);

	/* However a call has come to another pool: its threads are for those that do not wait. */
	if (!req->server->follows)
		return 0;
	return seconds > WAIT_MOST_S ? WAIT_MOST_S : seconds;
}

/* what: what such calls do, for the error's text. */
static bool
wait_enter_as(struct request *req, int64_t most, const char *what, struct error *err)
{
	if (waiters_enter(&req->server->waiters, req->caller.account.id, most))
		return true;
	error_set(err, ERROR_TOO_MANY,
	    "an account may have %lld calls at a time that %s; call again when one has ended",
	    (long long)most, what);
	err->retry_after_s = 1;
	return false;
}

bool
wait_enter(struct request *req, struct error *err)
{
	return wait_enter_as(req, req->config->follow_max, "wait (?wait) or unpack files", err);
}

bool
wait_enter_upload(struct request *req, struct error *err)
{
	return wait_enter_as(req, req->config->upload_max, "may send files", err);
}

void
wait_leave(struct request *req)
{
	waiters_leave(&req->server->waiters, req->caller.account.id);
}

/* Until the next look; false: the process is to end. */
static bool
wait_pause_between(struct request *req)
{
	struct pollfd stop = { .fd = req->server->stop, .events = POLLIN };

	request_release_database(req);
	return poll(&stop, 1, LOOK_MS) == 0;
}

static bool
wait_poll_until(struct request *req, int64_t deadline, wait_poll *look, void *context,
    struct error *err)
{
	bool there = false;

	while (clock_monotonic_ms() < deadline && wait_pause_between(req)) {
		if (!look(req, context, &there, err))
			return false;
		if (there)
			break;
	}
	return true;
}

bool
wait_for(struct request *req, wait_poll *look, void *context, struct error *err)
{
	int64_t deadline = clock_monotonic_ms() + wait_seconds(req) * MS_PER_S;
	bool there = false, done;

	if (!look(req, context, &there, err))
		return false;
	if (there || wait_seconds(req) == 0)
		return true;
	if (!wait_enter(req, err))
		return false;
	done = wait_poll_until(req, deadline, look, context, err);
	wait_leave(req);
	return done;
}
