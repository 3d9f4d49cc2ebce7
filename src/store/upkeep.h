#ifndef KABUTO_UPKEEP_H
#define KABUTO_UPKEEP_H
/*
 * Whether a database is sound, a copy of it, and what keeps it fast.
 */
#include <stdbool.h>

#include "database.h"

/*
 * Whether the file is sound: quick looks at its pages, else also at indexes and at what rows refer
 * to. ERROR_SYSTEM says that it is damaged, and how to go on. Takes as long as reading all of it.
 */
bool upkeep_check(struct database *db, bool quick, struct error *err);

/* Writes all that committed transactions have written as a new database at path. */
bool upkeep_copy(struct database *db, const char *path, struct error *err);

/* Statistics for the planner, where there is much to choose from, and the WAL back into the file as
 * far as nobody reads it. */
bool upkeep_tidy(struct database *db, struct error *err);

#endif
