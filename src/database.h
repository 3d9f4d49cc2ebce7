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
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define DATABASE_STATEMENTS 160 /* prepared statements that a connection keeps */

struct database {
	sqlite3 *handle; /* NULL: not open */
	bool holds;      /* the next transaction stays open at its commit, until database_settle */
	bool held;       /* one does */
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

/* Whether changes are held against foreign keys, as they are from the start. */
void database_check_references(struct database *db, bool on);

/*
 * Sets err to what the connection's last call ran into. "BUSY" is the caller's to repeat, "FULL"
 * the operator's to mend; all else is a fault, of which doing says at what. Always false.
 */
bool database_fail(struct database *db, struct error *err, const char *doing);

/* Sets err to that the file is damaged, how it shows, and what to do about it. Always false. */
bool database_damaged(struct error *err, const char *how);

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
/* The column's bytes, which last as long; *length gets how many. */
const void *statement_blob(struct statement *st, int column, size_t *length);
/*
 * A copy of it, the caller's to free; NULL for NULL. Where there is no memory for it, NULL too:
 * whoever has made all copies of a row asks statement_copied, which says so.
 */
char *statement_copy(struct statement *st, int column);
bool statement_copied(struct statement *st, struct error *err);
#define cleanup_statement __attribute__((cleanup(statement_end)))

/* Runs statements that take no values, one after the other: tables are made and set up by it. */
bool database_script(struct database *db, const char *sql, struct error *err);

/* Runs one statement that gives no row. *changes, where not NULL, gets how many rows it changed. */
bool database_run(struct database *db, int *changes, struct error *err, const char *sql,
    const char *types, ...);

/*
 * Runs a DELETE of rows before a time: of its two arguments the first is the time, the second how
 * many rows may go, so that nobody waits long for the lock.
 */
bool database_drop(struct database *db, int64_t *dropped, struct error *err, const char *sql,
    int64_t before_ms, int64_t most);

/* Reads one integer from one row: 1, or 0 for no row (*value untouched), or -1. */
int database_integer(struct database *db, int64_t *value, struct error *err, const char *sql,
    const char *types, ...);

/* The id of the row that was inserted last. */
int64_t database_inserted(struct database *db);

/*
 * A transaction that writes: BEGIN IMMEDIATE, always. Rolled back at the scope's end unless
 * committed. One that begins while another is held is a part of that.
 */
struct transaction {
	struct database *db; /* NULL: none is open */
	bool part;           /* of the one that is held */
};
bool transaction_begin(struct transaction *t, struct database *db, struct error *err);
bool transaction_commit(struct transaction *t, struct error *err);
void transaction_end(struct transaction *t);
#define cleanup_transaction __attribute__((cleanup(transaction_end)))

/*
 * Lets the caller add to a transaction that it does not see: from database_hold on, the next
 * transaction is held at its commit, and database_settle commits it, or undoes it. Both belong to
 * one thread. Settling without a transaction is success.
 */
void database_hold(struct database *db);
bool database_settle(struct database *db, bool commit, struct error *err);

#endif
