#ifndef KABUTO_EVENT_H
#define KABUTO_EVENT_H
/*
 * The audit trail. An event says who did what, to which object, and from where. It is written in
 * the transaction of the action.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "database.h"
#include "error.h"
#include "page.h"

struct event {
	int64_t id;
	int64_t account;   /* owner of the object; 0: none */
	const char *login; /* of the user that did it */
	int64_t token;     /* the API token that was used; 0: none */
	const char *action;
	int64_t object; /* what was changed; 0: the account */
	const char *address;
	int64_t created_at;
};

/*
 * Adds an event. If it has an object, it belongs to the owner of that object; the first word of the
 * action says whether this is a job, pipeline, image or build. Else it belongs to event->account.
 */
bool event_add(struct database *db, const struct event *event, struct error *err);

/* event_each calls this for each event. Its texts are valid during the call. */
typedef bool event_visit(const struct event *event, void *context, struct error *err);

/* Lists a page of the viewer's events, or of all for an admin. */
bool event_each(struct database *db, const struct account *viewer, struct page *page,
    event_visit *visit, void *context, struct error *err);

/* Count, or drop at most `most` of, the events from before before_ms. */
bool event_count_old(struct database *db, int64_t before_ms, int64_t *count, struct error *err);
bool event_erase_old(struct database *db, int64_t before_ms, int64_t most, int64_t *erased,
    struct error *err);

#endif
