#ifndef KABUTO_WAIT_H
#define KABUTO_WAIT_H
/*
 * Limits how many calls of an account keep a thread for a long time. follow_max limits calls that
 * unpack a file, and calls with "?wait=S", which are answered when something has happened or after
 * S seconds. upload_max limits uploads, which last as long as the client sends.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "parameter.h"
#include "request.h"

#define WAIT_MOST_S 30

/* The parameter "wait". */
#define WAIT_PARAMETER                                                                             \
	{                                                                                          \
		.name = "wait", .type = PARAMETER_NUMBER, .least = 0, .choices = "seconds"         \
	}

/*
 * Returns how many seconds the call may wait, at most WAIT_MOST_S. 0: the call must not wait, as in
 * all pools but "follow".
 */
int64_t wait_seconds(const struct request *req);

/*
 * Counts this call among its account's long-running ones. ERROR_TOO_MANY: the account is at its
 * limit. On true wait_leave must follow.
 */
bool wait_enter(struct request *req, struct error *err);
/*
 * The same for an upload. A pool serves either waiting calls or uploads, so they share one counter.
 */
bool wait_enter_upload(struct request *req, struct error *err);
/* Ends what wait_enter or wait_enter_upload began. */
void wait_leave(struct request *req);

/* Sets *ready to whether the call can be answered. */
typedef bool wait_poll(struct request *req, void *context, bool *ready, struct error *err);
/*
 * Polls every 50 ms until *ready is set, `?wait` has passed, or the process stops; then returns
 * true. Returns false if a poll fails or the account is at its limit. Holds no connection between
 * two polls.
 */
bool wait_for(struct request *req, wait_poll *poll_once, void *context, struct error *err);

#endif
