#ifndef KABUTO_SCHEMA_H
#define KABUTO_SCHEMA_H
/*
 * Opens Kabuto's database, with its tables.
 */
#include "database.h"

/*
 * Opens the database file as connection_open does. Creates the tables if it has none, and migrates
 * the tables of an older Kabuto. Refuses a database of a newer Kabuto. On true the caller must call
 * connection_close.
 */
bool schema_open(struct database *db, const char *path, struct error *err);

#endif
