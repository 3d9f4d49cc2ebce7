#ifndef KABUTO_COMMIT_H
#define KABUTO_COMMIT_H
/*
 * What a call changes, and what is recorded with it: its event, and its response for an
 * Idempotency-Key. All of it is in one transaction, which serve.c commits after the handler.
 */
#include "request.h"
#include "response.h"

/*
 * A connection for a call that changes something: its transaction stays open until commit_call.
 * NULL with err set.
 */
struct database *commit_begin(struct request *req, struct error *err);

/* Has the spooler poll, as soon as the change is committed. */
void commit_wake(struct request *req);
/* Names the object that the event is about. Without it, it is the last id of the path. */
void commit_object(struct request *req, int64_t object);
/* Has a folder of inbox/ removed, as soon as the change is committed. */
void commit_replaced(struct request *req, const char *folder);

/*
 * Commits what the call has changed if its response is a success, else undoes it. ERROR_CONFLICT:
 * another call with the same Idempotency-Key came first.
 */
bool commit_call(struct request *req, const struct response *res, struct error *err);

/* Records at once an event of a call that only reads, about object. A HEAD records nothing. */
bool commit_event(struct request *req, const char *action, int64_t object, struct error *err);

/* Begins to read what tells a call with an Idempotency-Key from other calls. */
bool commit_begin_key(struct request *req, struct error *err);
/* Ends it, once all parameters were read. */
void commit_end_key(struct request *req);

/*
 * Fills in res as an earlier call with the same key was answered; *replayed says whether there was
 * one. ERROR_IMPOSSIBLE: that call was another one.
 */
bool commit_replay(struct request *req, struct response *res, bool *replayed, struct error *err);

#endif
