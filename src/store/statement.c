/*
 * Prepared statements. A connection prepares each once, and finds it again by the address of its
 * text.
 */
#include "statement.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns the place of sql in the connection's cache, or a free place; -1 if the cache is full. */
static int
statement_place(const struct database *db, const char *sql)
{
	for (int i = 0; i < CONNECTION_STATEMENTS; i++)
		if (db->cache[i].sql == NULL || db->cache[i].sql == sql)
			return i;
	return -1;
}

/*
 * Prepares sql, or takes it from the cache. If the cache is full, the statement is prepared for
 * this use only.
 */
static bool
statement_prepare(struct statement *st, struct database *db, const char *sql, struct error *err)
{
	int place = statement_place(db, sql);

	st->cached = place >= 0;
	if (st->cached && db->cache[place].sql != NULL) {
		st->prepared = db->cache[place].prepared;
		assert(!sqlite3_stmt_busy(st->prepared)); /* a statement must end before it begins
							     again */
		return true;
	}
	if (sqlite3_prepare_v3(db->handle, sql, -1, st->cached ? SQLITE_PREPARE_PERSISTENT : 0,
		&st->prepared, NULL) != SQLITE_OK)
		return connection_fail(db, err, sql);
	if (st->cached) {
		db->cache[place].sql = sql;
		db->cache[place].prepared = st->prepared;
	}
	return true;
}

static int
statement_bind(sqlite3_stmt *prepared, int index, const struct sql_value *value)
{
	switch (value->type) {
	case SQL_NULL:
		return sqlite3_bind_null(prepared, index);
	case SQL_INTEGER:
		return sqlite3_bind_int64(prepared, index, value->integer);
	case SQL_DECIMAL:
		return sqlite3_bind_double(prepared, index, value->decimal);
	case SQL_TEXT:
		return sqlite3_bind_text(prepared, index, value->text, -1, SQLITE_STATIC);
	case SQL_BLOB:
		return sqlite3_bind_blob64(prepared, index, value->blob, value->length,
		    SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

bool
statement_begin(struct statement *st, struct database *db, struct error *err, const char *sql,
    struct sql_values values)
{
	*st = (struct statement){ .db = db };
	if (!statement_prepare(st, db, sql, err))
		return false;
	assert(sqlite3_bind_parameter_count(st->prepared) == values.count);
	for (int i = 0; i < values.count; i++)
		if (statement_bind(st->prepared, i + 1, &values.items[i]) != SQLITE_OK) {
			connection_fail(db, err, sql);
			statement_end(st);
			return false;
		}
	return true;
}

int
statement_row(struct statement *st, struct error *err)
{
	switch (sqlite3_step(st->prepared)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		connection_fail(st->db, err, sqlite3_sql(st->prepared));
		return -1;
	}
}

#ifdef KABUTO_TEST_BUILD
/*
 * Aborts a test build if a statement read a whole table, or sorted without an index, and its text
 * does not say so.
 */
static void
statement_refuse_scans(sqlite3_stmt *statement)
{
	static const int counters[] = { SQLITE_STMTSTATUS_FULLSCAN_STEP, SQLITE_STMTSTATUS_SORT,
		SQLITE_STMTSTATUS_AUTOINDEX };
	int steps = 0;

	for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++)
		steps += sqlite3_stmt_status(statement, counters[i], 1);
	if (steps > 0 && strstr(sqlite3_sql(statement), "/*scan*/") == NULL) {
		fprintf(stderr, "<2>scans or sorts: %s\n", sqlite3_sql(statement));
		abort();
	}
}
#else
static void
statement_refuse_scans(sqlite3_stmt *statement)
{
	(void)statement;
}
#endif

void
statement_end(struct statement *st)
{
	if (st->prepared == NULL)
		return;
	sqlite3_reset(st->prepared);
	sqlite3_clear_bindings(st->prepared);
	statement_refuse_scans(st->prepared);
	if (!st->cached)
		sqlite3_finalize(st->prepared);
	st->prepared = NULL;
}

int64_t
statement_integer(struct statement *st, int column)
{
	return sqlite3_column_int64(st->prepared, column);
}

double
statement_decimal(struct statement *st, int column)
{
	return sqlite3_column_double(st->prepared, column);
}

const char *
statement_text(struct statement *st, int column)
{
	return (const char *)sqlite3_column_text(st->prepared, column);
}

const void *
statement_blob(struct statement *st, int column, size_t *length)
{
	const void *blob = sqlite3_column_blob(st->prepared, column);

	*length = (size_t)sqlite3_column_bytes(st->prepared, column);
	return blob;
}

char *
statement_copy(struct statement *st, int column)
{
	const char *text = statement_text(st, column);
	char *copy = text == NULL ? NULL : strdup(text);

	/* SQLite also returns NULL if it has no memory for the text. */
	st->no_memory = st->no_memory ||
	    (copy == NULL && sqlite3_column_type(st->prepared, column) != SQLITE_NULL);
	return copy;
}

bool
statement_copied(struct statement *st, struct error *err)
{
	return !st->no_memory || error_set(err, ERROR_SYSTEM, "read a row: not enough memory");
}

void
statement_take_text(struct statement *st, int column, char *to, size_t size)
{
	const char *text = statement_text(st, column);

	snprintf(to, size, "%s", text != NULL ? text : "");
}
