/*
 * The row of the spooler's status, and the name of the instance.
 */
#include "service.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "quantity.h"

#define SILENT_MS (30 * MS_PER_S)

bool
service_record(struct database *db, const struct service_status *status, struct error *err)
{
	bool away = status->engine_away_since != 0;

	return database_run(db, err,
	    "INSERT INTO spooler (id, pid, seen_at, engine_error, engine_away_since, disk_error)"
	    " VALUES (1, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET pid = excluded.pid,"
	    " seen_at = excluded.seen_at, engine_error = excluded.engine_error,"
	    " engine_away_since = excluded.engine_away_since, disk_error = excluded.disk_error",
	    VALUES(I(status->pid), I(clock_now_ms()), T(away ? status->engine_error : NULL),
		N(status->engine_away_since),
		T(status->disk_error[0] != '\0' ? status->disk_error : NULL)));
}

static bool
service_take(struct statement *st, void *context, struct error *err)
{
	struct service_status *status = context;

	(void)err;
	status->known = true;
	status->pid = statement_integer(st, 0);
	status->seen_at = statement_integer(st, 1);
	statement_take_text(st, 2, status->engine_error, sizeof status->engine_error);
	status->engine_away_since = statement_integer(st, 3);
	statement_take_text(st, 4, status->disk_error, sizeof status->disk_error);
	return true;
}

bool
service_read(struct database *db, struct service_status *status, struct error *err)
{
	*status = (struct service_status){ 0 };
	return database_first(db, err,
		   "SELECT pid, seen_at, engine_error, engine_away_since, disk_error"
		   " FROM spooler WHERE id = 1",
		   NO_VALUES, service_take, status) >= 0;
}

bool
service_check(const struct service_status *status, struct error *err)
{
	int64_t silent_ms = clock_now_ms() - status->seen_at;
	char since[QUANTITY_TEXT];

	if (!status->known)
		return error_set(err, ERROR_AWAY, "no spooler has run yet: start kabuto-spooler");
	if (silent_ms > SILENT_MS)
		return error_set(err, ERROR_AWAY,
		    "the spooler (pid %lld) has been silent for %lld s: check whether it runs, and read its log",
		    (long long)status->pid, (long long)(silent_ms / MS_PER_S));
	if (status->engine_away_since != 0)
		return error_set(err, ERROR_AWAY, "the engine has not answered since %s: %s",
		    quantity_format_time(status->engine_away_since, since), status->engine_error);
	return true;
}

static bool
service_take_instance(struct statement *st, void *context, struct error *err)
{
	(void)err;
	statement_take_text(st, 0, context, INSTANCE_TEXT);
	return true;
}

bool
service_instance(struct database *db, char instance[static INSTANCE_TEXT], struct error *err)
{
	int row = database_first(db, err, "SELECT value FROM setting WHERE name = 'instance'",
	    NO_VALUES, service_take_instance, instance);

	return row == 1 ||
	    (row == 0 &&
		error_set(err, ERROR_SYSTEM,
		    "the database has no instance name: restore a backup"));
}
