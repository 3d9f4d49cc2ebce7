#ifndef KABUTO_DATABASE_H
#define KABUTO_DATABASE_H
/*
 * Functions that run a whole statement in one call. Its text must be a literal (statement.h).
 */
#include "statement.h"

/* Runs a statement that returns no rows. */
bool database_run(struct database *db, struct error *err, const char *sql,
    struct sql_values values);

/* Returns how many rows the last INSERT, UPDATE or DELETE changed. */
int database_changes(struct database *db);

/* Returns the id of the row that was inserted last. */
int64_t database_inserted(struct database *db);

/*
 * Gets one row. Its texts are valid during the call. If it returns false, with err set, reading
 * ends.
 */
typedef bool database_visit(struct statement *st, void *context, struct error *err);

/* Calls visit for each row. */
bool database_each(struct database *db, struct error *err, const char *sql,
    struct sql_values values, database_visit *visit, void *context);

/* Calls visit with the first row. Returns 1, 0 if there is no row, or -1 with err set. */
int database_first(struct database *db, struct error *err, const char *sql,
    struct sql_values values, database_visit *visit, void *context);

/* Reads one integer. Returns 1, 0 if there is no row (*value is untouched), or -1 with err set. */
int database_integer(struct database *db, int64_t *value, struct error *err, const char *sql,
    struct sql_values values);

/* Sets *exists to whether the statement returns a row. */
bool database_exists(struct database *db, bool *exists, struct error *err, const char *sql,
    struct sql_values values);

/*
 * *version gets a number that differs from the former one if another connection, of any process,
 * has committed since then (SQLite, "PRAGMA data_version").
 */
bool database_version(struct database *db, int64_t *version, struct error *err);

/*
 * Runs a DELETE of old rows. Its first "?" is a time, its second the maximal number of rows, so
 * that other processes do not wait long for the lock. *erased gets the number of deleted rows.
 */
bool database_erase(struct database *db, int64_t *erased, struct error *err, const char *sql,
    int64_t before_ms, int64_t most);

#endif
