#ifndef KABUTO_TESTS_SUPPORT_H
#define KABUTO_TESTS_SUPPORT_H
/*
 * What several unit tests need: cmocka, rows that say which of them failed, a folder that goes with
 * its test, and a database with accounts, images and pipelines to begin with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "cleanup.h"
#include "database.h"
#include "error.h"
#include "password.h"
#include "pipeline.h"
#include "schema.h"
#include "secret.h"
#include "tree.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A row that does not hold is printed and counted; the others run on. After the loop:
 * rows_end(failed). */
#define row_check(failed, condition, ...)                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			print_error("row at line %d: ", __LINE__);                                 \
			print_error(__VA_ARGS__);                                                  \
			print_error("\n        is not: %s\n", #condition);                         \
			(failed)++;                                                                \
		}                                                                                  \
	} while (0)
#define rows_end(failed) assert_int_equal(failed, 0)

/* A call that must succeed; its error is printed. */
#define must(call, err)                                                                            \
	do {                                                                                       \
		(err)->text[0] = '\0';                                                             \
		if (!(call)) {                                                                     \
			print_error("%s\n", (err)->text);                                          \
			fail_msg("%s", #call);                                                     \
		}                                                                                  \
	} while (0)

/* Numbers that look like chance and are the same in each run (xorshift64*, Vigna 2014). */
static inline uint32_t
chance(uint64_t *seed, uint32_t below)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return (uint32_t)((*seed * UINT64_C(2685821657736338717)) >> 32) % below;
}

/* A test's own folder, as cmocka's setup and teardown: *state is a struct folder. */
struct folder {
	char path[64];
	int fd;
};

static inline int
folder_setup(void **state)
{
	struct folder *folder = calloc(1, sizeof *folder);
	struct error err;

	if (folder == NULL || !secret_init(&err))
		return -1;
	umask(0007); /* as program.c */
	strcpy(folder->path, "/tmp/kabuto-unit.XXXXXX");
	if (mkdtemp(folder->path) == NULL)
		return -1;
	folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = folder;
	return folder->fd < 0 ? -1 : 0;
}

static inline int
folder_teardown(void **state)
{
	struct folder *folder = *state;
	struct error err;
	bool removed = tree_remove(AT_FDCWD, folder->path, &err);

	(void)close(folder->fd);
	free(folder);
	return removed ? 0 : -1;
}

/* Makes the file name in dir with what it holds. */
static inline void
file_put(int dir, const char *name, const void *data, size_t length)
{
	cleanup_close int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, length), length);
}

/* All that the file name in dir holds, with a NUL behind it; the caller's to free. */
static inline char *
file_get(int dir, const char *name, size_t *length)
{
	cleanup_close int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	data = malloc((size_t)st.st_size + 1);
	assert_non_null(data);
	assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
	data[st.st_size] = '\0';
	if (length != NULL)
		*length = (size_t)st.st_size;
	return data;
}

static inline bool
file_exists(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The mode of name in dir, without its type. */
static inline unsigned
file_mode(int dir, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

/* A test's own folder with a database in it: *state is a struct world. */
struct world {
	struct folder *folder;
	struct database db;
	struct error err;
};

static inline int
world_setup(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	char path[128];

	if (world == NULL || folder_setup((void **)&world->folder) != 0)
		return -1;
	snprintf(path, sizeof path, "%s/kabuto.db", world->folder->path);
	if (!schema_open(&world->db, path, &world->err)) {
		print_error("%s\n", world->err.text);
		return -1;
	}
	*state = world;
	/* What is lost in a power cut is not looked at here. */
	return sqlite3_exec(world->db.handle, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
}

static inline int
world_teardown(void **state)
{
	struct world *world = *state;
	int result;

	connection_close(&world->db);
	result = folder_teardown((void **)&world->folder);
	free(world);
	return result;
}

/* Runs a statement of the test's own, beside the table of prepared ones. */
static inline void
world_sql(struct world *world, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(world->db.handle, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
}

/* The one integer that a statement of the test's own gives. */
static inline int64_t
world_integer(struct world *world, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int64_t value;

	assert_int_equal(sqlite3_prepare_v2(world->db.handle, sql, -1, &statement, NULL),
	    SQLITE_OK);
	if (sqlite3_step(statement) != SQLITE_ROW)
		fail_msg("no row: %s", sql);
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

/* An account that may log in. */
static inline struct account
world_account(struct world *world, const char *login)
{
	struct account account;
	char token[TOKEN_TEXT], hash[PASSWORD_HASH];
	bool confirmed;

	must(account_register(&world->db, login, "a@example.org", "no hash", &account, token,
		 &world->err),
	    &world->err);
	must(account_confirm(&world->db, login, token, &account, &world->err), &world->err);
	must(account_find(&world->db, login, &account, hash, &confirmed, &world->err), &world->err);
	assert_true(account.id > 0 && confirmed);
	return account;
}

/* An image of the account that was built. */
static inline int64_t
world_image(struct world *world, int64_t account)
{
	char sql[512];
	int64_t image;

	snprintf(sql, sizeof sql,
	    "INSERT INTO image (account, name, created_at) VALUES (%lld, 'i', 1)",
	    (long long)account);
	world_sql(world, sql);
	image = sqlite3_last_insert_rowid(world->db.handle);
	snprintf(sql, sizeof sql,
	    "INSERT INTO build (image, account, state, nocache, created_at) VALUES (%lld, %lld, 'SUCCESS', 0, 1);"
	    "UPDATE image SET build = last_insert_rowid() WHERE id = %lld",
	    (long long)image, (long long)account, (long long)image);
	world_sql(world, sql);
	return image;
}

static inline int64_t
world_pipeline(struct world *world, int64_t account, int64_t max_parallel, const char *on_failure)
{
	const struct pipeline pipeline = { .account = account,
		.name = "p",
		.on_failure = on_failure,
		.max_parallel = max_parallel };
	int64_t id = 0;

	must(pipeline_create(&world->db, &pipeline, &id, &world->err), &world->err);
	return id;
}

#endif
