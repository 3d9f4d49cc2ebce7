#ifndef KABUTO_DATABASE_UPKEEP_H
#define KABUTO_DATABASE_UPKEEP_H
/*
 * Whether a database is sound, a copy of it, and what keeps it fast.
 */
#include <stdbool.h>

#include "database.h"

/*
 * Whether the file is sound: quick looks at its pages, else also at indexes and at what rows refer
 * to. ERROR_SYSTEM says that it is damaged, and how to go on. Takes as long as reading all of it.
 */
bool database_check(struct database *db, bool quick, struct error *err);

/* Writes all that committed transactions have written as a new database at path. */
bool database_copy(struct database *db, const char *path, struct error *err);

/* Statistics for the planner, where there is much to choose from, and the WAL back into the file as
 * far as nobody reads it. */
bool database_tidy(struct database *db, struct error *err);

#endif
