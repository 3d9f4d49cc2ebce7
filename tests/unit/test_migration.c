/*
 * Migrations: each version's tables become those of the newest, all at once or not at all.
 */
#include "support.h"

#include "migration.h"

static bool
create_newest(struct database *db, struct error *err)
{
	return connection_script(db,
	    "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL,"
	    " size INTEGER NOT NULL DEFAULT 0, colour TEXT) STRICT",
	    err);
}

static bool
create_first(struct database *db, struct error *err)
{
	return connection_script(db,
	    "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT", err);
}

static const char *const steps[] = {
	"ALTER TABLE thing ADD COLUMN size INTEGER NOT NULL DEFAULT 0; UPDATE thing SET size = 7",
	"ALTER TABLE thing ADD COLUMN colour TEXT",
};

static const struct migrations newest = { create_newest, steps, 3 };
static const struct migrations first = { create_first, NULL, 1 };

struct bare {
	struct folder *folder;
	char path[128];
	struct database db;
	struct error err;
};

static int
bare_setup(void **state)
{
	struct bare *bare = calloc(1, sizeof *bare);

	if (bare == NULL || folder_setup((void **)&bare->folder) != 0)
		return -1;
	snprintf(bare->path, sizeof bare->path, "%s/bare.db", bare->folder->path);
	*state = bare;
	return connection_open(&bare->db, bare->path, &bare->err) ? 0 : -1;
}

static int
bare_teardown(void **state)
{
	struct bare *bare = *state;
	int result;

	connection_close(&bare->db);
	result = folder_teardown((void **)&bare->folder);
	free(bare);
	return result;
}

static int64_t
number(struct bare *bare, const char *sql)
{
	int64_t value = -1;

	assert_true(database_integer(&bare->db, &value, &bare->err, sql, NO_VALUES) >= 0);
	return value;
}

#define USER_VERSION "PRAGMA user_version"
#define COLUMNS "/*scan*/ SELECT count(*) FROM pragma_table_info('thing')"

static void
test_new_database_gets_the_newest_tables(void **state)
{
	struct bare *bare = *state;

	must(migration_run(&bare->db, &newest, &bare->err), &bare->err);
	assert_int_equal(number(bare, USER_VERSION), 3);
	assert_int_equal(number(bare, COLUMNS), 4);
	must(migration_run(&bare->db, &newest, &bare->err), &bare->err);
}

static void
test_old_database_gets_each_step_and_keeps_its_rows(void **state)
{
	struct bare *bare = *state;

	must(migration_run(&bare->db, &first, &bare->err), &bare->err);
	assert_int_equal(number(bare, USER_VERSION), 1);
	must(connection_script(&bare->db, "INSERT INTO thing VALUES (1, 'old')", &bare->err),
	    &bare->err);
	must(migration_run(&bare->db, &newest, &bare->err), &bare->err);
	assert_int_equal(number(bare, USER_VERSION), 3);
	assert_int_equal(number(bare, COLUMNS), 4);
	assert_int_equal(number(bare, "SELECT size FROM thing WHERE id = 1"), 7);
}

static void
test_step_that_fails_changes_nothing(void **state)
{
	struct bare *bare = *state;

	must(migration_run(&bare->db, &first, &bare->err), &bare->err);
	/* The second step's column exists already. */
	must(connection_script(&bare->db, "ALTER TABLE thing ADD COLUMN colour TEXT", &bare->err),
	    &bare->err);
	assert_false(migration_run(&bare->db, &newest, &bare->err));
	assert_int_equal(number(bare, USER_VERSION), 1);
	assert_int_equal(number(bare, COLUMNS), 3);
}

static void
test_newer_database_is_refused(void **state)
{
	struct bare *bare = *state;

	must(migration_run(&bare->db, &newest, &bare->err), &bare->err);
	assert_false(migration_run(&bare->db, &first, &bare->err));
	assert_non_null(strstr(bare->err.text, "newer Kabuto"));
	assert_int_equal(number(bare, USER_VERSION), 3);
}

#define bare_test(name) cmocka_unit_test_setup_teardown(name, bare_setup, bare_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		bare_test(test_new_database_gets_the_newest_tables),
		bare_test(test_old_database_gets_each_step_and_keeps_its_rows),
		bare_test(test_step_that_fails_changes_nothing),
		bare_test(test_newer_database_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
