#ifndef KABUTO_WAIT_H
#define KABUTO_WAIT_H
/*
 * Calls that keep a thread of their pool for long, of which an account may have only so many: those
 * of "?wait=S", which are answered once something has happened, or after S seconds (follow_max),
 * and uploads, which last as long as their client sends (upload_max).
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "parameter.h"

#define WAIT_MOST_S  30
#define WAITERS_MOST 10000 /* as threads has at most */

struct request;

/* Those calls in this process: an account's id for each of their calls. */
struct waiters {
	pthread_mutex_t lock;
	int64_t accounts[WAITERS_MOST];
	size_t count;
};
void wait_init(struct waiters *waiters);

/* "wait" alone, for calls that have no other parameter. */
extern const struct parameter wait_parameters[];

/* How long the call may wait, in seconds, WAIT_MOST_S at most; 0: not, as in all pools but one. */
int64_t wait_seconds(const struct request *req);

/*
 * Enters those who wait, or do what takes as long; ERROR_TOO_MANY where the account has its share.
 * Else to be left.
 */
bool wait_enter(struct request *req, struct error *err);
/* The same for an upload. No pool has both. */
bool wait_enter_upload(struct request *req, struct error *err);
void wait_leave(struct request *req);

/*
 * Calls look until it says that the answer is there, the time that the call asks for is over, or
 * the process is to end; then true. No connection is held between two looks.
 */
typedef bool wait_poll(struct request *req, void *context, bool *there, struct error *err);
bool wait_for(struct request *req, wait_poll *look, void *context, struct error *err);

#endif
