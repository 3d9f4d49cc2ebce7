#ifndef KABUTO_UPKEEP_H
#define KABUTO_UPKEEP_H
/*
 * Whether a database is sound, a copy of it, and what keeps it fast.
 */
#include <stdbool.h>

#include "database.h"

/*
 * Checks the database file. With quick it checks the pages only, else also the indexes and the
 * foreign keys. ERROR_SYSTEM: the file is damaged; the text says what to do. Reads the whole file.
 */
bool upkeep_check(struct database *db, bool quick, struct error *err);

/* Copies the database, as of the last commit, to a new file at path. */
bool upkeep_copy(struct database *db, const char *path, struct error *err);

/*
 * Updates the planner's statistics if the tables are large. Moves the WAL into the database file,
 * as far as no one reads it.
 */
bool upkeep_tidy(struct database *db, struct error *err);

#endif
