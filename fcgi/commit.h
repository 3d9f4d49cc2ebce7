#ifndef KABUTO_COMMIT_H
#define KABUTO_COMMIT_H
/*
 * Commits the changes of a call together with its event and, if it has an Idempotency-Key, its
 * response. All of this is one transaction, which serve.c commits after the handler.
 */
#include "request.h"
#include "response.h"

/*
 * Returns the connection for a call that changes something. It belongs to the request. A
 * transaction that is begun on it stays open until commit_call, even if it is committed before.
 * The handler must not release it. NULL: failed, err is set.
 */
struct database *commit_begin(struct request *req, struct error *err);

/* Asks for the spooler to be woken after the commit. */
void commit_wake(struct request *req);
/* Sets the object of the event. If this is not called, it is the last id in the path. */
void commit_object(struct request *req, int64_t object);
/* Asks for a folder of inbox/ to be removed after the commit. */
void commit_replaced(struct request *req, const char *folder);

/*
 * Commits the call's changes if its response is a success, else rolls them back. ERROR_CONFLICT:
 * another call with the same Idempotency-Key was faster.
 */
bool commit_call(struct request *req, const struct response *res, struct error *err);

/* Records at once an event about object, for a call that only reads. Does nothing for a HEAD. */
bool commit_event(struct request *req, const char *action, int64_t object, struct error *err);

/* Begins the digest of a call with an Idempotency-Key. ERROR_INPUT: the key is not allowed. */
bool commit_begin_key(struct request *req, struct error *err);
/* Ends the digest, after all parameters were read. */
void commit_end_key(struct request *req);

/*
 * If an earlier call had the same key, sets *replayed and fills in res with its response.
 * ERROR_IMPOSSIBLE: the earlier call had another path or other parameters.
 */
bool commit_replay(struct request *req, struct response *res, bool *replayed, struct error *err);

#endif
