#ifndef KABUTO_WAIT_H
#define KABUTO_WAIT_H
/*
 * Calls that keep a thread of their pool for long, of which an account may have only so many: those
 * of "?wait=S", which are answered once something has happened, or after S seconds (follow_max),
 * and uploads, which last as long as their client sends (upload_max).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "parameter.h"
#include "request.h"

#define WAIT_MOST_S 30

/* "wait" alone, for calls that have no other parameter. */
extern const struct parameter wait_parameters[];

/* How long the call may wait, in seconds, WAIT_MOST_S at most; 0: not, as in all pools but one. */
int64_t wait_seconds(const struct request *req);

/*
 * Counts this call among its account's long-running ones. ERROR_TOO_MANY: the account is at its
 * limit. On true wait_leave must follow.
 */
bool wait_enter(struct request *req, struct error *err);
/* The same for an upload. No pool has both. */
bool wait_enter_upload(struct request *req, struct error *err);
void wait_leave(struct request *req);

/* Sets *ready to whether the call can be answered. */
typedef bool wait_poll(struct request *req, void *context, bool *ready, struct error *err);
/*
 * Polls every 50 ms until *ready is set, `?wait` has passed, or the process stops; true then. No
 * connection is held between two polls.
 */
bool wait_for(struct request *req, wait_poll *poll, void *context, struct error *err);

#endif
