/*
 * Rows of the audit trail. They stay when the account or the object is deleted: ids are never used
 * again.
 */
#include "event.h"

#include <string.h>

#include "clock.h"

/* The statement that finds an object's owner, by the first word of the action. */
static const struct {
	const char *word;
	const char *owner;
} kinds[] = {
	{ "job_", "SELECT account FROM job WHERE id = ?" },
	{ "pipeline_", "SELECT account FROM pipeline WHERE id = ?" },
	{ "image_", "SELECT account FROM image WHERE id = ?" },
	{ "build_", "SELECT account FROM build WHERE id = ?" },
};

static bool
event_find_owner(struct database *db, const struct event *event, int64_t *owner, struct error *err)
{
	*owner = event->account;
	if (event->object == 0)
		return true;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strncmp(event->action, kinds[i].word, strlen(kinds[i].word)) == 0)
			return database_integer(db, owner, err, kinds[i].owner,
				   VALUES(I(event->object))) >= 0;
	return true;
}

bool
event_add(struct database *db, const struct event *event, struct error *err)
{
	int64_t owner = 0;

	return event_find_owner(db, event, &owner, err) &&
	    database_run(db, err,
		"INSERT INTO event (account, login, token, action, object, address, created_at)"
		" VALUES (?, ?, ?, ?, ?, ?, ?)",
		VALUES(N(owner), T(event->login), N(event->token), T(event->action),
		    N(event->object), T(event->address), I(clock_now_ms())));
}

#define SOURCE(index, key)                                                                         \
	PAGE_SOURCE("id, account, login, token, action, object, address, created_at",              \
	    "event " index, "id", key, "")

struct event_each {
	event_visit *visit;
	void *context;
};

static bool
event_visit_row(struct statement *st, void *context, struct error *err)
{
	const struct event_each *each = context;
	const struct event event = {
		.id = statement_integer(st, 0),
		.account = statement_integer(st, 1),
		.login = statement_text(st, 2),
		.token = statement_integer(st, 3),
		.action = statement_text(st, 4),
		.object = statement_integer(st, 5),
		.address = statement_text(st, 6),
		.created_at = statement_integer(st, 7),
	};

	return each->visit(&event, each->context, err);
}

bool
event_each(struct database *db, const struct account *viewer, struct page *page, event_visit *visit,
    void *context, struct error *err)
{
	static const struct page_source own = SOURCE("INDEXED BY event_account", "account = ?1"),
					all = SOURCE("NOT INDEXED", "TRUE");
	struct event_each each = { visit, context };

	return page_each(db, viewer->admin ? &all : &own, page,
	    (struct sql_value[PAGE_VALUES]){ I(viewer->id) }, false, event_visit_row, &each, err);
}

bool
event_count_old(struct database *db, int64_t before_ms, int64_t *count, struct error *err)
{
	return database_integer(db, count, err, "SELECT count(*) FROM event WHERE created_at < ?",
		   VALUES(I(before_ms))) == 1;
}

bool
event_erase_old(struct database *db, int64_t before_ms, int64_t most, int64_t *erased,
    struct error *err)
{
	return database_erase(db, erased, err,
	    "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE created_at < ? LIMIT ?)",
	    before_ms, most);
}
