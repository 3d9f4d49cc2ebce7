/*
 * Runs whole statements in one call.
 */
#include "database.h"

bool
database_run(struct database *db, struct error *err, const char *sql, struct sql_values values)
{
	cleanup_statement struct statement st = { 0 };

	return statement_begin(&st, db, err, sql, values) && statement_row(&st, err) >= 0;
}

int
database_changes(struct database *db)
{
	return sqlite3_changes(db->handle);
}

int64_t
database_inserted(struct database *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

bool
database_each(struct database *db, struct error *err, const char *sql, struct sql_values values,
    database_visit *visit, void *context)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err, sql, values))
		return false;
	while ((row = statement_row(&st, err)) == 1)
		if (!visit(&st, context, err))
			return false;
	return row == 0;
}

int
database_first(struct database *db, struct error *err, const char *sql, struct sql_values values,
    database_visit *visit, void *context)
{
	cleanup_statement struct statement st = { 0 };
	int row = statement_begin(&st, db, err, sql, values) ? statement_row(&st, err) : -1;

	return row == 1 && !visit(&st, context, err) ? -1 : row;
}

static bool
database_take_integer(struct statement *st, void *context, struct error *err)
{
	(void)err;
	*(int64_t *)context = statement_integer(st, 0);
	return true;
}

int
database_integer(struct database *db, int64_t *value, struct error *err, const char *sql,
    struct sql_values values)
{
	return database_first(db, err, sql, values, database_take_integer, value);
}

bool
database_exists(struct database *db, bool *exists, struct error *err, const char *sql,
    struct sql_values values)
{
	int64_t ignored;
	int row = database_integer(db, &ignored, err, sql, values);

	if (row >= 0)
		*exists = row == 1;
	return row >= 0;
}

bool
database_version(struct database *db, int64_t *version, struct error *err)
{
	return database_integer(db, version, err, "PRAGMA data_version", NO_VALUES) == 1;
}

bool
database_erase(struct database *db, int64_t *erased, struct error *err, const char *sql,
    int64_t before_ms, int64_t most)
{
	if (!database_run(db, err, sql, VALUES(I(before_ms), I(most))))
		return false;
	*erased = database_changes(db);
	return true;
}
