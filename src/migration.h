#ifndef KABUTO_MIGRATION_H
#define KABUTO_MIGRATION_H
/*
 * Making a database's tables, and bringing those of an older Kabuto up to date.
 */
#include <stdbool.h>

#include "database.h"
#include "error.h"

/*
 * Makes the tables of a new database, or migrates those that are there, in one transaction. One
 * that a newer Kabuto made is refused.
 */
bool migration_run(struct database *db, struct error *err);

#endif
