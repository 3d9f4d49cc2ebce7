#ifndef KABUTO_MIGRATION_H
#define KABUTO_MIGRATION_H
/*
 * Creating a database's tables, and bringing them from an older version to the newest one.
 */
#include "database.h"

/*
 * The versions of a database's tables. A new column must stand at its table's end in what `create`
 * makes, so that a migrated database equals a new one.
 */
struct migrations {
	bool (*create)(struct database *db, struct error *err); /* makes the newest version */
	const char *const *steps; /* SQL: steps[i] turns version i + 1 into version i + 2 */
	int version;              /* the newest one; it has version - 1 steps */
};

/*
 * Creates the tables of a new database, or migrates existing ones, in one transaction. A database
 * of a newer version is refused.
 */
bool migration_run(struct database *db, const struct migrations *all, struct error *err);

#endif
