#ifndef KABUTO_DATABASE_H
#define KABUTO_DATABASE_H
/*
 * SQLite as all of Kabuto uses it: one way to open, to run a statement and to hold a transaction.
 *
 * A connection belongs to one thread at a time. Statements are prepared once a connection and found
 * again by the address of their text, which therefore must be a literal. A statement is ended as
 * soon as it was read, since an open SELECT holds the WAL.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

#define DATABASE_STATEMENTS 96 /* prepared statements that a connection keeps */

struct database {
	sqlite3 *handle; /* NULL: not open */
	struct {
		const char *sql;
		sqlite3_stmt *prepared;
	} cache[DATABASE_STATEMENTS];
};

/* Once, before all else. */
void database_init(void);

/*
 * Opens the file, makes or migrates its tables (schema.sql), and sets what every connection needs.
 * A database on a network filesystem, one made by a newer Kabuto, and a file that is none are
 * refused in words. Until it returns true, nothing is held; then database_close gives it back (also
 * for a zeroed struct).
 */
bool database_open(struct database *db, const char *path, struct error *err);
void database_close(struct database *db);

/*
 * Whether the file is sound: quick looks at its pages, else also at indexes and at what rows refer
 * to. ERROR_SYSTEM says that it is damaged, and how to go on. Takes as long as reading all of it.
 */
bool database_check(struct database *db, bool quick, struct error *err);

/* Writes all that committed transactions have written as a new database at path. */
bool database_copy(struct database *db, const char *path, struct error *err);

/* Whether changes are held against foreign keys, as they are from the start. */
void database_check_references(struct database *db, bool on);

/* Statistics for the planner, where there is much to choose from, and the WAL back into the file as
 * far as nobody reads it. */
bool database_tidy(struct database *db, struct error *err);

/*
 * A running statement. types has one letter an argument: i int64_t (as long long), d double, t text
 * or NULL, b a blob (pointer, then int length), n an int64_t of which 0 means NULL. Texts must live
 * until the end.
 */
struct statement {
	struct database *db;
	sqlite3_stmt *prepared;
	bool no_memory; /* a copy could not be made */
};
bool statement_begin(struct statement *st, struct database *db, struct error *err, const char *sql,
    const char *types, ...);
/* The next row: 1 there is one, 0 there is none, -1 err is set (ERROR_BUSY: try again). */
int statement_row(struct statement *st, struct error *err);
void statement_end(struct statement *st);
int64_t statement_integer(struct statement *st, int column);
double statement_decimal(struct statement *st, int column);
/* The column's text until the next row or the end; NULL for NULL. */
const char *statement_text(struct statement *st, int column);
/*
 * A copy of it, the caller's to free; NULL for NULL. Where there is no memory for it, NULL too:
 * whoever has made all copies of a row asks statement_copied, which says so.
 */
char *statement_copy(struct statement *st, int column);
bool statement_copied(struct statement *st, struct error *err);
#define cleanup_statement __attribute__((cleanup(statement_end)))

/* Runs one statement that gives no row. *changes, where not NULL, gets how many rows it changed. */
bool database_run(struct database *db, int *changes, struct error *err, const char *sql,
    const char *types, ...);

/* Reads one integer from one row: 1, or 0 for no row (*value untouched), or -1. */
int database_integer(struct database *db, int64_t *value, struct error *err, const char *sql,
    const char *types, ...);

/* The id of the row that was inserted last. */
int64_t database_inserted(struct database *db);

/*
 * A transaction that writes: BEGIN IMMEDIATE, always. Rolled back at the scope's end unless
 * committed.
 */
struct transaction {
	struct database *db; /* NULL: none is open */
};
bool transaction_begin(struct transaction *t, struct database *db, struct error *err);
bool transaction_commit(struct transaction *t, struct error *err);
void transaction_end(struct transaction *t);
#define cleanup_transaction __attribute__((cleanup(transaction_end)))

#endif
