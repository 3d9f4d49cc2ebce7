/*
 * One connection to SQLite. It uses WAL with synchronous=FULL, so that a commit that returned
 * survives a power failure.
 */
#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "clock.h"

#define CACHE_SIZE "-256" /* KiB per connection */

/* Filesystems on which WAL's shared memory does not work (statfs(2), linux/magic.h). */
static const struct {
	unsigned long magic;
	const char *name;
} network_filesystems[] = {
	{ 0x6969, "nfs" },
	{ 0xff534d42, "cifs" },
	{ 0xfe534d42, "smb2" },
	{ 0x01021997, "9p" },
	{ 0x65735546, "fuse" },
};

bool
connection_damaged(struct error *err, const char *how)
{
	return error_set(err, ERROR_SYSTEM,
	    "the database is damaged (%s): stop Kabuto, and restore a backup with "
	    "\"kabutoctl restore --force FILE\"",
	    how);
}

bool
connection_fail(struct database *db, struct error *err, const char *doing)
{
	int code = sqlite3_errcode(db->handle);
	const char *text = sqlite3_errmsg(db->handle);

	switch (code) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		error_set(err, ERROR_BUSY, "the database is busy; try again in a moment");
		err->retry_after_s = 1;
		return false;
	case SQLITE_FULL:
		return error_set(err, ERROR_NO_SPACE,
		    "the database's disk is full; free some space");
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return connection_damaged(err, text);
	default:
		return error_set(err, ERROR_SYSTEM, "%s: %s", doing, text);
	}
}

bool
connection_script(struct database *db, const char *sql, struct error *err)
{
	if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		return connection_fail(db, err, "prepare the database");
	return true;
}

static bool
connection_refuse_network_filesystem(const char *path, struct error *err)
{
	struct statfs where;

	if (statfs(path, &where) < 0)
		return error_errno(err, "read the filesystem type of '%s'", path);
	for (size_t i = 0; i < sizeof network_filesystems / sizeof network_filesystems[0]; i++)
		if ((unsigned long)where.f_type == network_filesystems[i].magic)
			return error_set(err, ERROR_SYSTEM,
			    "'%s' is on %s, which SQLite's WAL does not support; set \"database\" to a "
			    "path on a local disk",
			    path, network_filesystems[i].name);
	return true;
}

/*
 * If several processes open a new file at the same time, SQLite returns "busy" here at once and
 * does not wait. So this function tries again until CONNECTION_BUSY_MS have passed.
 */
static bool
connection_switch_to_wal(struct database *db, struct error *err)
{
	int64_t deadline = clock_monotonic_ms() + CONNECTION_BUSY_MS;

	while (!connection_script(db, "PRAGMA journal_mode = WAL", err)) {
		if (err->kind != ERROR_BUSY || clock_monotonic_ms() > deadline)
			return false;
		(void)poll(NULL, 0, 10);
	}
	return true;
}

void
connection_init(void)
{
	/* By default a connection allocates 20 pages at once. A running job has a connection, which
	 * uses two or three pages. */
	sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

/*
 * SQLite calls this while another process writes. SQLite's own handler sleeps longer after each
 * try, up to 100 ms, so that processes that came later get the lock first.
 */
static int
connection_wait_while_busy(void *nothing, int tries)
{
	(void)nothing;
	if (tries >= CONNECTION_BUSY_MS)
		return 0;
	(void)poll(NULL, 0, 1);
	return 1;
}

bool
connection_open(struct database *db, const char *path, struct error *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

	/*
	 * Both our users must be able to write the file; SQLite gives its WAL the same mode. mknod
	 * makes the file, and not open: closing a descriptor would drop the locks of this process's
	 * other connections.
	 */
	if (mknod(path, S_IFREG | 0660, 0) < 0 && errno != EEXIST)
		return error_errno(err, "make the database '%s'", path);
	if (!connection_refuse_network_filesystem(path, err))
		return false;
	*db = (struct database){ 0 };
	if (sqlite3_open_v2(path, &db->handle, flags, NULL) != SQLITE_OK) {
		connection_fail(db, err, "open the database");
		goto undo;
	}
	sqlite3_extended_result_codes(db->handle, 0);
	sqlite3_busy_handler(db->handle, connection_wait_while_busy, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_LOOKASIDE, NULL, 256, 32);
	if (!connection_switch_to_wal(db, err) ||
	    !connection_script(db, "PRAGMA synchronous = FULL", err) ||
	    !connection_script(db, "PRAGMA foreign_keys = ON; PRAGMA cache_size = " CACHE_SIZE,
		err)) {
		error_wrap(err, "database '%s'", path);
		goto undo;
	}
	return true;
undo:
	connection_close(db);
	return false;
}

void
connection_close(struct database *db)
{
	for (int i = 0; i < CONNECTION_STATEMENTS && db->cache[i].sql != NULL; i++)
		sqlite3_finalize(db->cache[i].prepared);
	sqlite3_close(db->handle);
	*db = (struct database){ 0 };
}

void
connection_check_references(struct database *db, bool on)
{
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, (int)on, NULL);
}
