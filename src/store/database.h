#ifndef KABUTO_DATABASE_H
#define KABUTO_DATABASE_H
/*
 * One statement, run in one call. Its text must be a literal (statement.h).
 */
#include "statement.h"

/* Runs a statement that gives no row. */
bool database_run(struct database *db, struct error *err, const char *sql,
    struct sql_values values);

/* How many rows the last INSERT, UPDATE or DELETE changed. */
int database_changes(struct database *db);

/* The id of the row that was inserted last. */
int64_t database_inserted(struct database *db);

/* Called with a row. Texts last for the call. False, with err set, ends the reading. */
typedef bool database_visit(struct statement *st, void *context, struct error *err);

/* Calls visit with each row. */
bool database_each(struct database *db, struct error *err, const char *sql,
    struct sql_values values, database_visit *visit, void *context);

/* Calls visit with the first row. Returns 1, 0 if there is no row, or -1 with err set. */
int database_first(struct database *db, struct error *err, const char *sql,
    struct sql_values values, database_visit *visit, void *context);

/* Reads one integer. Returns 1, 0 if there is no row (*value is untouched), or -1 with err set. */
int database_integer(struct database *db, int64_t *value, struct error *err, const char *sql,
    struct sql_values values);

/* Sets *exists to whether the statement gives a row. */
bool database_exists(struct database *db, bool *exists, struct error *err, const char *sql,
    struct sql_values values);

/*
 * Runs a DELETE of old rows: its first "?" is a time, its second is how many rows may go at most,
 * so that nobody waits long for the lock. *dropped gets how many went.
 */
bool database_drop(struct database *db, int64_t *dropped, struct error *err, const char *sql,
    int64_t before_ms, int64_t most);

#endif
