/*
 * The database's version is SQLite's user_version; 0 means that it has no tables yet.
 */
#include "migration.h"

#include <stdio.h>

#include "transaction.h"

static bool
migration_version(struct database *db, int64_t *version, struct error *err)
{
	return database_integer(db, version, err, "PRAGMA user_version", NO_VALUES) >= 0;
}

/* Formats the text, since a pragma cannot take the version as a value. */
static bool
migration_set_version(struct database *db, int version, struct error *err)
{
	char sql[64];

	snprintf(sql, sizeof sql, "PRAGMA user_version = %d", version);
	return connection_script(db, sql, err);
}

bool
migration_run(struct database *db, const struct migrations *all, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t version = 0;

	if (!migration_version(db, &version, err))
		return false;
	if (version == all->version)
		return true;
	/* Read it again: another process may have changed it before this one got the lock. */
	if (!transaction_begin(&t, db, err) || !migration_version(db, &version, err))
		return false;
	if (version > all->version)
		return error_set(err, ERROR_SYSTEM,
		    "a newer Kabuto made this database (its version is %lld, ours is %d); use that Kabuto",
		    (long long)version, all->version);
	if (version < 1 && !all->create(db, err))
		return false;
	for (; version >= 1 && version < all->version; version++)
		if (!connection_script(db, all->steps[version - 1], err))
			return false;
	return migration_set_version(db, all->version, err) && transaction_commit(&t, err);
}
