/*
 * Versions of the tables: schema.sql makes the newest, a migration the next one of one that is
 * there.
 */
#include "migration.h"

#include "quantity.h"
#include "schema.h" /* schema_sql, made from schema.sql */
#include "secret.h"

#define SCHEMA_VERSION 3

/*
 * What makes version i + 1 of version i: what schema.sql has since then. New columns stand at their
 * table's end there, so that a migrated database is the same as a new one.
 */
static const char *const migrations[SCHEMA_VERSION] = {
	[1] =
	    "ALTER TABLE account ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;"
	    "ALTER TABLE account ADD COLUMN queued_max INTEGER;"
	    "ALTER TABLE account ADD COLUMN running_max INTEGER;"
	    "ALTER TABLE account ADD COLUMN stored_max INTEGER;"
	    "ALTER TABLE pipeline ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;"
	    "ALTER TABLE job ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;"
	    "ALTER TABLE job ADD COLUMN retries_left INTEGER NOT NULL DEFAULT 0;"
	    "ALTER TABLE job ADD COLUMN retry_at INTEGER;"
	    "ALTER TABLE job ADD COLUMN cancel_requested INTEGER NOT NULL DEFAULT 0;"
	    "ALTER TABLE job ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;"
	    "ALTER TABLE job ADD COLUMN slot INTEGER;"
	    "ALTER TABLE job ADD COLUMN results_size INTEGER;"
	    "ALTER TABLE job ADD COLUMN log_size INTEGER NOT NULL DEFAULT 0;"
	    "ALTER TABLE job ADD COLUMN results_removed_at INTEGER;"
	    "ALTER TABLE job ADD COLUMN logs_removed_at INTEGER;"
	    "ALTER TABLE job ADD COLUMN first_attempt INTEGER;"
	    "DROP INDEX job_attachments;"
	    "CREATE INDEX job_attachments ON job (attachment_token) WHERE attachment_token <> '';"
	    "CREATE INDEX pipeline_deleted ON pipeline (id) WHERE deleted = 1;"
	    "CREATE INDEX job_retry ON job (retry_at) WHERE retry_at IS NOT NULL;"
	    "CREATE INDEX job_retry_pipeline ON job (pipeline) WHERE retry_at IS NOT NULL;"
	    "CREATE INDEX job_cancel ON job (id) WHERE cancel_requested = 1 AND state = 'running';"
	    "CREATE INDEX job_deleted ON job (id) WHERE deleted = 1;"
	    "CREATE INDEX job_finished ON job (finished_at, id) WHERE finished_at IS NOT NULL;"
	    "PRAGMA user_version = 2",
	[2] =
	    "ALTER TABLE account ADD COLUMN builds_max INTEGER;"
	    "ALTER TABLE account ADD COLUMN storage_max INTEGER;"
	    "ALTER TABLE account ADD COLUMN file_max INTEGER;"
	    "ALTER TABLE account ADD COLUMN request_max INTEGER;"
	    "ALTER TABLE account ADD COLUMN storage INTEGER NOT NULL DEFAULT 0;"
	    "ALTER TABLE account ADD COLUMN source TEXT NOT NULL DEFAULT 'local'"
	    " CHECK (source IN ('local', 'ldap'));"
	    "ALTER TABLE image ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;"
	    "ALTER TABLE build ADD COLUMN name TEXT;"
	    "ALTER TABLE build ADD COLUMN tag_secret TEXT NOT NULL DEFAULT '';"
	    "ALTER TABLE job ADD COLUMN inbox_size INTEGER NOT NULL DEFAULT 0;"
	    "CREATE TABLE token ("
	    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
	    " account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	    " name TEXT NOT NULL, hash BLOB NOT NULL UNIQUE, created_at INTEGER NOT NULL,"
	    " expires_at INTEGER, used_at INTEGER) STRICT;"
	    "CREATE INDEX token_account ON token (account, id);"
	    "CREATE INDEX token_expires ON token (expires_at) WHERE expires_at IS NOT NULL;"
	    "CREATE TABLE idempotency ("
	    " account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	    " key TEXT NOT NULL, digest BLOB NOT NULL, status INTEGER NOT NULL, answer BLOB NOT NULL,"
	    " created_at INTEGER NOT NULL, PRIMARY KEY (account, key)) STRICT, WITHOUT ROWID;"
	    "CREATE INDEX idempotency_created ON idempotency (created_at);"
	    "CREATE TABLE event ("
	    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
	    " account INTEGER, login TEXT NOT NULL, token INTEGER, action TEXT NOT NULL, object INTEGER,"
	    " address TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;"
	    "CREATE INDEX event_account ON event (account, id);"
	    "CREATE INDEX event_created ON event (created_at);"
	    "CREATE INDEX image_deleted ON image (id) WHERE deleted = 1;"
	    "CREATE INDEX build_account ON build (account) WHERE state = 'PENDING';"
	    "CREATE INDEX job_account ON job (account, id);"
	    "CREATE INDEX job_account_state ON job (account, state, id);"
	    "CREATE INDEX job_state ON job (state, id);"
	    "UPDATE job SET inbox_size = (SELECT coalesce(sum(size), 0) FROM attachment"
	    "  WHERE attachment.job = job.id) WHERE attachment_token <> '';"
	    "UPDATE account SET storage = (SELECT coalesce("
	    "  sum(inbox_size + coalesce(results_size, 0) + log_size), 0) FROM job"
	    "  WHERE job.account = account.id);"
	    "CREATE TRIGGER job_storage_added AFTER INSERT ON job WHEN new.inbox_size > 0 BEGIN\n"
	    "\tUPDATE account SET storage = storage + new.inbox_size WHERE id = new.account;\n"
	    "END;\n"
	    "CREATE TRIGGER job_storage_changed AFTER UPDATE OF inbox_size, results_size, log_size ON job BEGIN\n"
	    "\tUPDATE account SET storage = storage + new.inbox_size + coalesce(new.results_size, 0) + new.log_size\n"
	    "\t\t- old.inbox_size - coalesce(old.results_size, 0) - old.log_size WHERE id = new.account;\n"
	    "END;\n"
	    "CREATE TRIGGER job_storage_removed AFTER DELETE ON job BEGIN\n"
	    "\tUPDATE account SET storage = storage - old.inbox_size - coalesce(old.results_size, 0) - old.log_size\n"
	    "\t\tWHERE id = old.account;\n"
	    "END;\n"
	    "PRAGMA user_version = 3",
};

static bool
user_version(struct database *db, int64_t *version, struct error *err)
{
	return database_integer(db, version, err, "PRAGMA user_version", "") >= 0;
}

static bool
make_tables(struct database *db, struct error *err)
{
	char instance[NAME_TEXT];

	if (!database_script(db, schema_sql, err))
		return false;
	name_make(instance);
	instance[8] = '\0'; /* it stands in every container's name */
	return database_run(db, NULL, err,
	    "INSERT INTO setting (name, value) VALUES ('instance', ?)", "t", instance);
}

bool
migration_run(struct database *db, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t version = 0;

	if (!user_version(db, &version, err))
		return false;
	if (version == SCHEMA_VERSION)
		return true;
	if (version > SCHEMA_VERSION)
		return error_set(err, ERROR_SYSTEM,
		    "the database was made by a newer Kabuto (its version is %lld, ours %d); run that one",
		    (long long)version, SCHEMA_VERSION);
	/* Another process may have made the tables between the look and the lock. */
	if (!transaction_begin(&t, db, err) || !user_version(db, &version, err))
		return false;
	if (version < 1 && !make_tables(db, err))
		return false;
	for (; version >= 1 && version < SCHEMA_VERSION; version++)
		if (!database_script(db, migrations[version], err))
			return false;
	return transaction_commit(&t, err);
}
