/*
 * Rows of the audit trail. They name accounts and things by ids that are never used again, so they
 * stay when those go.
 */
#include "event.h"

#include <string.h>

#include "quantity.h"

/* Whose a thing is, by the action's first word. */
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
find_owner(struct database *db, const struct event *event, int64_t *owner, struct error *err)
{
	*owner = event->account;
	if (event->object == 0)
		return true;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strncmp(event->action, kinds[i].word, strlen(kinds[i].word)) == 0)
			return database_integer(db, owner, err, kinds[i].owner, "i",
				   (long long)event->object) >= 0;
	return true;
}

bool
event_add(struct database *db, const struct event *event, struct error *err)
{
	int64_t owner = 0;

	return find_owner(db, event, &owner, err) &&
	    database_run(db, NULL, err,
		"INSERT INTO event (account, login, token, action, object, address, created_at)"
		" VALUES (?, ?, ?, ?, ?, ?, ?)",
		"ntntnti", (long long)owner, event->login, (long long)event->token, event->action,
		(long long)event->object, event->address, (long long)time_now_ms());
}

#define EVENT_COLUMNS                                                                              \
	"SELECT id, account, login, token, action, object, address, created_at FROM event"

bool
event_each(struct database *db, const struct account *viewer, int64_t after, int64_t limit,
    event_visit *visit, void *context, struct error *err)
{
	const char *own = EVENT_COLUMNS " WHERE account = ? AND id > ? ORDER BY id LIMIT ?";
	const char *all = EVENT_COLUMNS " WHERE ? AND id > ? ORDER BY id LIMIT ?";
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err, viewer->admin ? all : own, "iii", (long long)viewer->id,
		(long long)after, (long long)limit))
		return false;
	while ((row = statement_row(&st, err)) == 1) {
		const struct event event = {
			.id = statement_integer(&st, 0),
			.account = statement_integer(&st, 1),
			.login = statement_text(&st, 2),
			.token = statement_integer(&st, 3),
			.action = statement_text(&st, 4),
			.object = statement_integer(&st, 5),
			.address = statement_text(&st, 6),
			.created_at = statement_integer(&st, 7),
		};

		if (!visit(&event, context, err))
			return false;
	}
	return row == 0;
}

bool
event_count_old(struct database *db, int64_t before_ms, int64_t *count, struct error *err)
{
	return database_integer(db, count, err, "SELECT count(*) FROM event WHERE created_at < ?",
		   "i", (long long)before_ms) == 1;
}

bool
event_drop_old(struct database *db, int64_t before_ms, int64_t most, int64_t *dropped,
    struct error *err)
{
	return database_drop(db, dropped, err,
	    "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE created_at < ? LIMIT ?)",
	    before_ms, most);
}
