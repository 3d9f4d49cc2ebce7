/*
 * Maintenance of the whole database: check, copy, statistics.
 */
#include "upkeep.h"
#include "transaction.h"

#include <stdio.h>
#include <string.h>

#define LARGE 10000 /* rows */

/* A check returns "ok", or the first error after a line that names the database. */
static bool
upkeep_take_check(struct statement *st, void *context, struct error *err)
{
	static const char heading[] = "*** in database main ***\n";
	const char *found = statement_text(st, 0);
	char how[256];

	(void)context;
	if (strcmp(found, "ok") == 0)
		return true;
	if (strncmp(found, heading, strlen(heading)) == 0)
		found += strlen(heading);
	snprintf(how, sizeof how, "%.*s", (int)strcspn(found, "\n"), found);
	return connection_damaged(err, how);
}

static bool
upkeep_take_dangling(struct statement *st, void *context, struct error *err)
{
	char how[256];

	(void)context;
	snprintf(how, sizeof how, "row %lld of %s refers to a row of %s that does not exist",
	    (long long)statement_integer(st, 1), statement_text(st, 0), statement_text(st, 2));
	return connection_damaged(err, how);
}

bool
upkeep_check(struct database *db, bool quick, struct error *err)
{
	const char *check =
	    quick ? "/*scan*/ PRAGMA quick_check(1)" : "/*scan*/ PRAGMA integrity_check(1)";

	return database_first(db, err, check, NO_VALUES, upkeep_take_check, NULL) >= 0 &&
	    (quick ||
		database_first(db, err, "/*scan*/ PRAGMA foreign_key_check", NO_VALUES,
		    upkeep_take_dangling, NULL) >= 0);
}

/* Copies in one step. In WAL mode that delays no writer; after each write, a copy in several steps
 * would start again. */
bool
upkeep_copy(struct database *db, const char *path, struct error *err)
{
	sqlite3_backup *backup = NULL;
	sqlite3 *to = NULL;
	bool done = false;

	if (sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) ==
	    SQLITE_OK)
		backup = sqlite3_backup_init(to, "main", db->handle, "main");
	if (backup != NULL) {
		(void)sqlite3_backup_step(backup, -1);
		done = sqlite3_backup_finish(backup) == SQLITE_OK;
	}
	if (!done && (to == NULL || sqlite3_errcode(to) == SQLITE_OK))
		error_set(err, ERROR_SYSTEM, "copy the database: not enough memory");
	else if (!done)
		connection_fail(&(struct database){ .handle = to }, err, "copy the database");
	sqlite3_close(to);
	return done;
}

/*
 * Keeps statistics of large tables and indexes only. With statistics of a small table the planner
 * scans it, and goes on to do so when the table has grown. Without them it uses the index that the
 * statement was written for.
 */
static bool
upkeep_optimize(struct database *db, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t jobs = 0, known = 0;

	if (database_integer(db, &jobs, err, "/*scan*/ SELECT max(id) FROM job", NO_VALUES) < 0)
		return false;
	if (jobs < LARGE)
		return true;
	/* The limit makes it as fast as for small tables. */
	if (!connection_script(db, "PRAGMA analysis_limit = 1000", err) ||
	    !transaction_begin(&t, db, err) || !connection_script(db, "PRAGMA optimize", err) ||
	    database_integer(db, &known, err,
		"/*scan*/ SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'", NO_VALUES) < 0)
		return false;
	return (known == 0 ||
		   database_run(db, err,
		       "/*scan*/ DELETE FROM sqlite_stat1 WHERE CAST(stat AS INTEGER) < ?",
		       VALUES(I(LARGE)))) &&
	    transaction_commit(&t, err);
}

bool
upkeep_tidy(struct database *db, struct error *err)
{
	int result;

	if (!upkeep_optimize(db, err))
		return false;
	result =
	    sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return result == SQLITE_OK || result == SQLITE_BUSY ||
	    connection_fail(db, err, "tidy the database");
}
