/*
 * Waits by polling: a state is one database row, and one poll takes about 30 microseconds.
 */
#include "wait.h"

#include <poll.h>

#include "clock.h"
#include "request.h"

#define POLL_MS 50 /* between two polls */

int64_t
wait_seconds(const struct request *req)
{
	int64_t seconds = request_number(req, "wait", 0);

	/* A call may reach another pool by mistake. It must not wait there. */
	if (!req->server->follows)
		return 0;
	return seconds > WAIT_MOST_S ? WAIT_MOST_S : seconds;
}

/* what describes such calls in the error's text. */
static bool
wait_enter_as(struct request *req, int64_t most, const char *what, struct error *err)
{
	if (waiters_enter(&req->server->waiters, req->caller.account.id, most))
		return true;
	error_set(err, ERROR_TOO_MANY,
	    "an account may have %lld calls at a time that %s; try again after one has ended",
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

/* Waits until the next poll is due. False: the process stops. */
static bool
wait_pause_between(struct request *req)
{
	struct pollfd stop = { .fd = req->server->stop, .events = POLLIN };

	request_release_database(req);
	return poll(&stop, 1, POLL_MS) == 0;
}

static bool
wait_poll_until(struct request *req, int64_t deadline, wait_poll *poll_once, void *context,
    struct error *err)
{
	bool ready = false;

	while (clock_monotonic_ms() < deadline && wait_pause_between(req)) {
		if (!poll_once(req, context, &ready, err))
			return false;
		if (ready)
			break;
	}
	return true;
}

bool
wait_for(struct request *req, wait_poll *poll_once, void *context, struct error *err)
{
	int64_t deadline = clock_monotonic_ms() + wait_seconds(req) * MS_PER_S;
	bool ready = false, done;

	if (!poll_once(req, context, &ready, err))
		return false;
	if (ready || wait_seconds(req) == 0)
		return true;
	if (!wait_enter(req, err))
		return false;
	done = wait_poll_until(req, deadline, poll_once, context, err);
	wait_leave(req);
	return done;
}
