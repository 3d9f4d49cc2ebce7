/*
 * What maintenance does to the whole database.
 */
#include "database_upkeep.h"

#include <stdio.h>
#include <string.h>

#define LARGE 10000 /* rows */

/* The first row of a check is "ok", or what is wrong, behind a line that names the database. */
static bool
check(struct database *db, const char *sql, struct error *err)
{
	static const char heading[] = "*** in database main ***\n";
	cleanup_statement struct statement st = { 0 };
	const char *found;
	char how[256];
	int row;

	if (!statement_begin(&st, db, err, sql, ""))
		return false;
	row = statement_row(&st, err);
	if (row != 1 || strcmp(statement_text(&st, 0), "ok") == 0)
		return row >= 0;
	found = statement_text(&st, 0);
	if (strncmp(found, heading, strlen(heading)) == 0)
		found += strlen(heading);
	snprintf(how, sizeof how, "%.*s", (int)strcspn(found, "\n"), found);
	return database_damaged(err, how);
}

static bool
find_dangling(struct database *db, struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	char how[256];
	int row;

	if (!statement_begin(&st, db, err, "/*scan*/ PRAGMA foreign_key_check", ""))
		return false;
	row = statement_row(&st, err);
	if (row != 1)
		return row == 0;
	snprintf(how, sizeof how, "row %lld of %s refers to a row of %s that is not there",
	    (long long)statement_integer(&st, 1), statement_text(&st, 0), statement_text(&st, 2));
	return database_damaged(err, how);
}

bool
database_check(struct database *db, bool quick, struct error *err)
{
	if (quick)
		return check(db, "/*scan*/ PRAGMA quick_check(1)", err);
	return check(db, "/*scan*/ PRAGMA integrity_check(1)", err) && find_dangling(db, err);
}

/* In one step: in WAL mode a reader keeps no writer waiting, and would see each of them restart it.
 */
bool
database_copy(struct database *db, const char *path, struct error *err)
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
		database_fail(&(struct database){ .handle = to }, err, "copy the database");
	sqlite3_close(to);
	return done;
}

/*
 * Statistics of what is small make the planner scan it, and it outgrows them: without any it takes
 * the index that a statement was made for. So only those of large tables and indexes are kept.
 */
static bool
optimize(struct database *db, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t jobs = 0, known = 0;

	if (database_integer(db, &jobs, err, "/*scan*/ SELECT max(id) FROM job", "") < 0)
		return false;
	if (jobs < LARGE)
		return true;
	/* The limit makes it as short as for small ones. */
	if (!database_script(db, "PRAGMA analysis_limit = 1000", err) ||
	    !transaction_begin(&t, db, err) || !database_script(db, "PRAGMA optimize", err) ||
	    database_integer(db, &known, err,
		"/*scan*/ SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'", "") < 0)
		return false;
	return (known == 0 ||
		   database_run(db, NULL, err,
		       "/*scan*/ DELETE FROM sqlite_stat1 WHERE CAST(stat AS INTEGER) < ?", "i",
		       (long long)LARGE)) &&
	    transaction_commit(&t, err);
}

bool
database_tidy(struct database *db, struct error *err)
{
	int result;

	if (!optimize(db, err))
		return false;
	result =
	    sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return result == SQLITE_OK || result == SQLITE_BUSY ||
	    database_fail(db, err, "tidy the database");
}
