#ifndef KABUTO_CONNECTION_H
#define KABUTO_CONNECTION_H
/*
 * Opens an SQLite database, with the options that all of Kabuto uses. This file does not know the
 * tables.
 *
 * Only one thread at a time may use a connection.
 */
#include <sqlite3.h>
#include <stdbool.h>

#include "error.h"

#define CONNECTION_BUSY_MS    5000 /* how long a statement waits for another process that writes */
#define CONNECTION_STATEMENTS 160  /* prepared statements that a connection keeps */

struct database {
	sqlite3 *handle; /* NULL: not open */
	bool open;       /* a transaction is open */
	bool holds;      /* the commit waits for transaction_settle */
	struct {
		const char *sql;
		sqlite3_stmt *prepared;
	} cache[CONNECTION_STATEMENTS];
};

/* Sets SQLite up for the whole process. Must be called once, before anything else. */
void connection_init(void);

/*
 * Opens the database file and sets the options of the connection. If the file does not exist, makes
 * it, without tables. Refuses a file on a network filesystem, and a file that is not a database. On
 * true the caller must call connection_close, which also accepts a zeroed struct.
 */
bool connection_open(struct database *db, const char *path, struct error *err);
void connection_close(struct database *db);

/* Switches the check of foreign keys on or off. It is on after connection_open. */
void connection_check_references(struct database *db, bool on);

/*
 * Sets err to the error of the connection's last call; `doing` says what failed. ERROR_BUSY: the
 * caller may try again. ERROR_NO_SPACE: the disk is full. Any other error is ERROR_SYSTEM. Always
 * returns false.
 */
bool connection_fail(struct database *db, struct error *err, const char *doing);

/* Sets err to "the database is damaged (<how>)" and what to do. Always returns false. */
bool connection_damaged(struct error *err, const char *how);

/* Runs one or more statements that take no values. */
bool connection_script(struct database *db, const char *sql, struct error *err);

#endif
