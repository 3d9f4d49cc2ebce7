#ifndef KABUTO_SCHEMA_H
#define KABUTO_SCHEMA_H
/*
 * Opening Kabuto's database, with its tables.
 */
#include "database.h"

/*
 * Opens the database file as connection_open does, creates its tables if it has none, and migrates
 * those of an older Kabuto. Refuses a database of a newer Kabuto. On true the caller must call
 * connection_close.
 */
bool schema_open(struct database *db, const char *path, struct error *err);

#endif
