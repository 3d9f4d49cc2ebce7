#ifndef KABUTO_CONNECTION_H
#define KABUTO_CONNECTION_H
/*
 * SQLite as all of Kabuto uses it: one way to open a database. What tables it has is not known
 * here.
 *
 * A connection belongs to one thread at a time.
 */
#include <sqlite3.h>
#include <stdbool.h>

#include "error.h"

#define CONNECTION_BUSY_MS    5000 /* how long a statement waits while another process writes */
#define CONNECTION_STATEMENTS 160  /* prepared statements that a connection keeps */

struct database {
	sqlite3 *handle; /* NULL: not open */
	bool open;       /* a transaction is */
	bool holds;      /* a commit is put off until transaction_settle */
	struct {
		const char *sql;
		sqlite3_stmt *prepared;
	} cache[CONNECTION_STATEMENTS];
};

/* Sets SQLite up for the whole process. Must be called once, before anything else. */
void connection_init(void);

/*
 * Opens the file, makes it if it does not exist, and sets what every connection needs. It has no
 * tables yet when it is new. Refuses, in words, a file on a network filesystem and a file that is
 * no database. On true the caller must call connection_close, which also takes a zeroed struct.
 */
bool connection_open(struct database *db, const char *path, struct error *err);
void connection_close(struct database *db);

/* Switches the check of foreign keys on or off. It is on after connection_open. */
void connection_check_references(struct database *db, bool on);

/*
 * Sets err to the error of the connection's last call. ERROR_BUSY: the caller may try again.
 * ERROR_NO_SPACE: the disk is full. Any other is a fault; `doing` says what failed. Always returns
 * false.
 */
bool connection_fail(struct database *db, struct error *err, const char *doing);

/* Sets err to "the database is damaged", with how it shows and what to do. Always returns false. */
bool connection_damaged(struct error *err, const char *how);

/* Runs statements that take no values, one after the other. */
bool connection_script(struct database *db, const char *sql, struct error *err);

#endif
