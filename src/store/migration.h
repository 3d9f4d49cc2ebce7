#ifndef KABUTO_MIGRATION_H
#define KABUTO_MIGRATION_H
/*
 * Creates the tables of a database, and migrates older versions to the newest one.
 */
#include "database.h"

/*
 * The versions of a database's tables. `create` must make a new column at the end of its table, so
 * that a migrated database equals a new one.
 */
struct migrations {
	bool (*create)(struct database *db, struct error *err); /* makes the newest version */
	const char *const *steps; /* SQL: steps[i] turns version i + 1 into version i + 2 */
	int version;              /* the newest one; it has version - 1 steps */
};

/*
 * Creates the tables of a new database, or migrates existing tables, in one transaction. Refuses a
 * database of a newer version.
 */
bool migration_run(struct database *db, const struct migrations *all, struct error *err);

#endif
