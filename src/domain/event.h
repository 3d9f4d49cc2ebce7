#ifndef KABUTO_EVENT_H
#define KABUTO_EVENT_H
/*
 * The audit trail: who did what to which thing, from where, written in the transaction that does
 * it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "database.h"
#include "error.h"

struct event {
	int64_t id;
	int64_t account;   /* whose it is; 0: nobody's */
	const char *login; /* who did it */
	int64_t token;     /* the API token by which; 0: none */
	const char *action;
	int64_t object; /* what it was done to; 0: the account */
	const char *address;
	int64_t created_at;
};

/*
 * Adds one. With an object it belongs to the owner of that job, pipeline, image or build, which the
 * action's first word names; else to event->account.
 */
bool event_add(struct database *db, const struct event *event, struct error *err);

/* Called for each event with texts that last for the call. */
typedef bool event_visit(const struct event *event, void *context, struct error *err);

/* The viewer's events (all, for an admin) by id: those after the id after, at most limit. */
bool event_each(struct database *db, const struct account *viewer, int64_t after, int64_t limit,
    event_visit *visit, void *context, struct error *err);

/* Those made before before_ms: counts them, or drops up to most of them. */
bool event_count_old(struct database *db, int64_t before_ms, int64_t *count, struct error *err);
bool event_drop_old(struct database *db, int64_t before_ms, int64_t most, int64_t *dropped,
    struct error *err);

#endif
