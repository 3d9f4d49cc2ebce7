/*
 * One connection, its statements and its transactions.
 * Durable by configuration: WAL with synchronous=FULL, so a commit that returned survives a power
 * cut.
 */
#include "database.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "migration.h"
#include "quantity.h"

#define BUSY_TIMEOUT_MS 5000
#define CACHE_SIZE      "-256" /* KiB a connection */

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
database_damaged(struct error *err, const char *how)
{
	return error_set(err, ERROR_SYSTEM,
	    "the database is damaged (%s): stop Kabuto, and bring a backup back by "
	    "\"kabutoctl restore --force FILE\"",
	    how);
}

bool
database_fail(struct database *db, struct error *err, const char *doing)
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
		return database_damaged(err, text);
	default:
		return error_set(err, ERROR_SYSTEM, "%s: %s", doing, text);
	}
}

/* Held by the one transaction of this process that writes. */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

bool
database_script(struct database *db, const char *sql, struct error *err)
{
	if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		return database_fail(db, err, "prepare the database");
	return true;
}

static bool
refuse_network_filesystem(const char *path, struct error *err)
{
	struct statfs where;

	if (statfs(path, &where) < 0)
		return error_errno(err, "look at the filesystem of '%s'", path);
	for (size_t i = 0; i < sizeof network_filesystems / sizeof network_filesystems[0]; i++)
		if ((unsigned long)where.f_type == network_filesystems[i].magic)
			return error_set(err, ERROR_SYSTEM,
			    "'%s' lies on %s, where SQLite's WAL does not work; set \"database\" to a "
			    "path on a local disk",
			    path, network_filesystems[i].name);
	return true;
}

/*
 * Where several open a new file at once, SQLite says "busy" to this at once, whatever the time that
 * it may wait.
 */
static bool
switch_to_wal(struct database *db, struct error *err)
{
	int64_t deadline = time_monotonic_ms() + BUSY_TIMEOUT_MS;

	while (!database_script(db, "PRAGMA journal_mode = WAL", err)) {
		if (err->kind != ERROR_BUSY || time_monotonic_ms() > deadline)
			return false;
		(void)poll(NULL, 0, 10);
	}
	return true;
}

void
database_init(void)
{
	/* A connection would take the memory of 20 pages at once; ours, one a job, use two or
	 * three. */
	sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

/*
 * Another process writes. SQLite's own handler sleeps longer from try to try, up to 100 ms, and is
 * overtaken by whoever came later.
 */
static int
wait_while_busy(void *nothing, int tries)
{
	(void)nothing;
	if (tries >= BUSY_TIMEOUT_MS)
		return 0;
	(void)poll(NULL, 0, 1);
	return 1;
}

bool
database_open(struct database *db, const char *path, struct error *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

	/*
	 * Both our users must write the file, and SQLite gives its WAL the same mode. It is made
	 * without a descriptor, since closing one would drop the locks of this process's other
	 * connections.
	 */
	if (mknod(path, S_IFREG | 0660, 0) < 0 && errno != EEXIST)
		return error_errno(err, "make the database '%s'", path);
	if (!refuse_network_filesystem(path, err))
		return false;
	*db = (struct database){ 0 };
	if (sqlite3_open_v2(path, &db->handle, flags, NULL) != SQLITE_OK) {
		database_fail(db, err, "open the database");
		goto undo;
	}
	sqlite3_extended_result_codes(db->handle, 0);
	sqlite3_busy_handler(db->handle, wait_while_busy, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_LOOKASIDE, NULL, 256, 32);
	if (!switch_to_wal(db, err) || !database_script(db, "PRAGMA synchronous = FULL", err) ||
	    !database_script(db, "PRAGMA foreign_keys = ON; PRAGMA cache_size = " CACHE_SIZE,
		err) ||
	    !migration_run(db, err)) {
		error_wrap(err, "database '%s'", path);
		goto undo;
	}
	return true;
undo:
	database_close(db);
	return false;
}

void
database_close(struct database *db)
{
	for (int i = 0; i < DATABASE_STATEMENTS && db->cache[i].sql != NULL; i++)
		sqlite3_finalize(db->cache[i].prepared);
	sqlite3_close(db->handle);
	*db = (struct database){ 0 };
}

static sqlite3_stmt *
prepared(struct database *db, const char *sql, struct error *err)
{
	int i = 0;

	while (i < DATABASE_STATEMENTS && db->cache[i].sql != NULL && db->cache[i].sql != sql)
		i++;
	assert(i <
	    DATABASE_STATEMENTS); /* more statements in the program than the cache has room for */
	if (db->cache[i].sql == NULL) {
		if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
			&db->cache[i].prepared, NULL) != SQLITE_OK) {
			database_fail(db, err, sql);
			return NULL;
		}
		db->cache[i].sql = sql;
	}
	assert(!sqlite3_stmt_busy(db->cache[i].prepared)); /* begun again before its end */
	return db->cache[i].prepared;
}

static int
bind(sqlite3_stmt *prepared, int index, char type, va_list *arguments)
{
	switch (type) {
	case 'i':
		return sqlite3_bind_int64(prepared, index, va_arg(*arguments, long long));
	case 'n': {
		long long value = va_arg(*arguments, long long);

		return value == 0 ? sqlite3_bind_null(prepared, index)
				  : sqlite3_bind_int64(prepared, index, value);
	}
	case 'd':
		return sqlite3_bind_double(prepared, index, va_arg(*arguments, double));
	case 't':
		return sqlite3_bind_text(prepared, index, va_arg(*arguments, const char *), -1,
		    SQLITE_STATIC);
	case 'b': {
		const void *blob = va_arg(*arguments, const void *);

		return sqlite3_bind_blob(prepared, index, blob, va_arg(*arguments, int),
		    SQLITE_STATIC);
	}
	default:
		assert(!"a letter of types");
		return SQLITE_MISUSE;
	}
}

static bool
begin(struct statement *st, struct database *db, struct error *err, const char *sql,
    const char *types, va_list *arguments)
{
	st->db = db;
	st->no_memory = false;
	st->prepared = prepared(db, sql, err);
	if (st->prepared == NULL)
		return false;
	for (int i = 0; types[i] != '\0'; i++)
		if (bind(st->prepared, i + 1, types[i], arguments) != SQLITE_OK) {
			database_fail(db, err, sql);
			statement_end(st);
			return false;
		}
	return true;
}

bool
statement_begin(struct statement *st, struct database *db, struct error *err, const char *sql,
    const char *types, ...)
{
	va_list arguments;
	bool done;

	va_start(arguments, types);
	done = begin(st, db, err, sql, types, &arguments);
	va_end(arguments);
	return done;
}

int
statement_row(struct statement *st, struct error *err)
{
	switch (sqlite3_step(st->prepared)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		database_fail(st->db, err, sqlite3_sql(st->prepared));
		return -1;
	}
}

#ifdef KABUTO_TEST_BUILD
/*
 * A statement that reads a whole table or sorts without an index says so in its text, or is a
 * defect.
 */
static void
refuse_scans(sqlite3_stmt *statement)
{
	static const int counters[] = { SQLITE_STMTSTATUS_FULLSCAN_STEP, SQLITE_STMTSTATUS_SORT,
		SQLITE_STMTSTATUS_AUTOINDEX };
	int steps = 0;

	for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++)
		steps += sqlite3_stmt_status(statement, counters[i], 1);
	if (steps > 0 && strstr(sqlite3_sql(statement), "/*scan*/") == NULL) {
		fprintf(stderr, "<2>scans or sorts: %s\n", sqlite3_sql(statement));
		abort();
	}
}
#else
static void
refuse_scans(sqlite3_stmt *statement)
{
	(void)statement;
}
#endif

void
statement_end(struct statement *st)
{
	if (st->prepared == NULL)
		return;
	sqlite3_reset(st->prepared);
	sqlite3_clear_bindings(st->prepared);
	refuse_scans(st->prepared);
	st->prepared = NULL;
}

int64_t
statement_integer(struct statement *st, int column)
{
	return sqlite3_column_int64(st->prepared, column);
}

double
statement_decimal(struct statement *st, int column)
{
	return sqlite3_column_double(st->prepared, column);
}

const char *
statement_text(struct statement *st, int column)
{
	return (const char *)sqlite3_column_text(st->prepared, column);
}

const void *
statement_blob(struct statement *st, int column, size_t *length)
{
	const void *blob = sqlite3_column_blob(st->prepared, column);

	*length = (size_t)sqlite3_column_bytes(st->prepared, column);
	return blob;
}

char *
statement_copy(struct statement *st, int column)
{
	const char *text = statement_text(st, column);
	char *copy = text == NULL ? NULL : strdup(text);

	/* SQLite gives NULL for a text that it has no memory for, too. */
	st->no_memory = st->no_memory ||
	    (copy == NULL && sqlite3_column_type(st->prepared, column) != SQLITE_NULL);
	return copy;
}

bool
statement_copied(struct statement *st, struct error *err)
{
	return !st->no_memory || error_set(err, ERROR_SYSTEM, "read a row: not enough memory");
}

bool
database_run(struct database *db, int *changes, struct error *err, const char *sql,
    const char *types, ...)
{
	cleanup_statement struct statement st = { 0 };
	va_list arguments;
	bool begun;

	va_start(arguments, types);
	begun = begin(&st, db, err, sql, types, &arguments);
	va_end(arguments);
	if (!begun || statement_row(&st, err) < 0)
		return false;
	if (changes != NULL)
		*changes = sqlite3_changes(db->handle);
	return true;
}

bool
database_drop(struct database *db, int64_t *dropped, struct error *err, const char *sql,
    int64_t before_ms, int64_t most)
{
	int changes = 0;

	if (!database_run(db, &changes, err, sql, "ii", (long long)before_ms, (long long)most))
		return false;
	*dropped = changes;
	return true;
}

int
database_integer(struct database *db, int64_t *value, struct error *err, const char *sql,
    const char *types, ...)
{
	cleanup_statement struct statement st = { 0 };
	va_list arguments;
	bool begun;
	int row;

	va_start(arguments, types);
	begun = begin(&st, db, err, sql, types, &arguments);
	va_end(arguments);
	row = begun ? statement_row(&st, err) : -1;
	if (row == 1)
		*value = statement_integer(&st, 0);
	return row;
}

int64_t
database_inserted(struct database *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

void
database_check_references(struct database *db, bool on)
{
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, (int)on, NULL);
}

/* Threads of one process wait for each other here, and not by SQLite's sleeping and trying. */
static bool
writing_lock(struct error *err)
{
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec +=
	    2 * BUSY_TIMEOUT_MS / MS_PER_S; /* who holds it may wait that long itself */
	if (pthread_mutex_timedlock(&writing, &deadline) == 0)
		return true;
	error_set(err, ERROR_BUSY, "the database is busy; try again in a moment");
	err->retry_after_s = 1;
	return false;
}

bool
transaction_begin(struct transaction *t, struct database *db, struct error *err)
{
	t->part = db->held;
	if (!t->part && !writing_lock(err))
		return false;
	if (!t->part && !database_run(db, NULL, err, "BEGIN IMMEDIATE", "")) {
		pthread_mutex_unlock(&writing);
		return false;
	}
	t->db = db;
	return true;
}

static bool
commit(struct database *db, struct error *err)
{
	if (!database_run(db, NULL, err, "COMMIT", ""))
		return false;
	pthread_mutex_unlock(&writing);
	return true;
}

static void
roll_back(struct database *db)
{
	struct error ignored;

	(void)database_run(db, NULL, &ignored, "ROLLBACK", "");
	pthread_mutex_unlock(&writing);
}

bool
transaction_commit(struct transaction *t, struct error *err)
{
	if (t->db->holds)
		t->db->held = true;
	else if (!commit(t->db, err))
		return false;
	t->db = NULL;
	return true;
}

void
transaction_end(struct transaction *t)
{
	if (t->db != NULL && !t->part)
		roll_back(t->db);
	t->db = NULL;
}

void
database_hold(struct database *db)
{
	db->holds = true;
}

bool
database_settle(struct database *db, bool wanted, struct error *err)
{
	bool done = true;

	if (db->held && wanted)
		done = commit(db, err);
	if (db->held && !(wanted && done))
		roll_back(db);
	db->holds = db->held = false;
	return done;
}
