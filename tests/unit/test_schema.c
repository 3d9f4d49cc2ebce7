/*
 * The tables: those of an older version become the newest ones, and each change gets a number.
 */
#include "support.h"

/* Runs a script of the source tree in the database. */
static void
run_file(struct database *db, const char *name)
{
	const char *srcdir = getenv("srcdir");
	cleanup_free char *sql = NULL;
	struct error err;
	char path[512];

	if (srcdir == NULL)
		fail_msg("the environment variable srcdir is not set: run \"make check\"");
	snprintf(path, sizeof path, "%s/%s", srcdir, name);
	sql = file_get(AT_FDCWD, path, NULL);
	must(connection_script(db, sql, &err), &err);
}

/* What the tables, indexes and triggers are; the caller frees it. */
static char *
describe(struct database *db)
{
	static const char sql[] =
	    "SELECT group_concat(line, char(10)) FROM (SELECT line FROM ("
	    "SELECT t.name || '.' || c.cid || ' ' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' ||"
	    " coalesce(c.dflt_value, '-') || ' ' || c.pk AS line"
	    " FROM pragma_table_list AS t, pragma_table_info(t.name) AS c WHERE t.schema = 'main'"
	    " UNION ALL SELECT type || ' ' || name || ' ' || sql FROM sqlite_schema"
	    "  WHERE type IN ('index', 'trigger') AND sql IS NOT NULL) ORDER BY line)";
	sqlite3_stmt *statement = NULL;
	char *text;

	assert_int_equal(sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	text = strdup((const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return text;
}

/* Rows of each kind, as they were in versions 1 and 2. */
static const char old_rows[] =
    "INSERT INTO account (id, login, email, password_hash, created_at) VALUES (1, 'a', '', '', 1);"
    "INSERT INTO image (id, account, name, created_at) VALUES (1, 1, 'i', 1);"
    "INSERT INTO build (id, image, account, state, nocache, created_at) VALUES (4, 1, 1, 'FAILED', 0, 1);"
    "INSERT INTO pipeline (id, account, name, on_failure, max_parallel, created_at)"
    " VALUES (2, 1, 'p', 'stop', 1, 1), (3, 1, 'q', 'stop', 1, 1);"
    "INSERT INTO job (id, pipeline, account, image, position, network, timeout, grace, memory, cpus,"
    " pids, disk, attachment_token, created_at)"
    " VALUES (7, 2, 1, 1, 1, 'none', 1, 1, 1, 1, 1, 1, '', 1);";

static void
test_older_tables_become_the_newest(void **state)
{
	struct world *world = *state;
	cleanup_free char *newest = describe(&world->db);

	for (int version = 1; version < 3; version++) {
		cleanup_free char *migrated = NULL;
		struct world old = { .folder = world->folder };
		char path[128];

		snprintf(path, sizeof path, "%s/old-%d.db", world->folder->path, version);
		must(connection_open(&old.db, path, &old.err), &old.err);
		run_file(&old.db, "tests/schema_2.sql");
		if (version == 1)
			world_sql(&old,
			    "ALTER TABLE build DROP COLUMN build_arg;"
			    "ALTER TABLE build DROP COLUMN bases; ALTER TABLE job DROP COLUMN stderr");
		world_sql(&old, old_rows);
		world_sql(&old,
		    version == 1 ? "PRAGMA user_version = 1" : "PRAGMA user_version = 2");
		connection_close(&old.db);

		must(schema_open(&old.db, path, &old.err), &old.err);
		migrated = describe(&old.db);
		assert_string_equal(migrated, newest);
		assert_int_equal(world_integer(&old, "PRAGMA user_version"), 3);
		/* Each object of the old version has a number of its own, and the next is larger.
		 */
		assert_int_equal(
		    world_integer(&old,
			"SELECT count(DISTINCT changed) FROM (SELECT changed FROM job UNION ALL"
			" SELECT changed FROM build UNION ALL SELECT changed FROM pipeline)"),
		    4);
		assert_true(world_integer(&old, "SELECT min(changed) FROM pipeline") > 0);
		assert_int_equal(world_integer(&old, "SELECT last FROM change_number"),
		    world_integer(&old, "SELECT changed FROM job"));
		connection_close(&old.db);
	}
}

#define LAST "SELECT last FROM change_number"

/* What a statement changes: whether the job, the build, the first pipeline get a new number. */
static const struct {
	const char *sql;
	bool job, build, pipeline;
	int removals;
} changes[] = {
	{ "UPDATE job SET state = 'in_queue' WHERE id = 7", true, false, false, 0 },
	{ "UPDATE job SET command = 'true' WHERE id = 7", true, false, false, 0 },
	{ "UPDATE job SET attachment_token = 'x' WHERE id = 7", true, false, false, 0 },
	{ "UPDATE job SET start_marked_at = 5 WHERE id = 7", false, false, false, 0 },
	{ "UPDATE job SET position = 9 WHERE id = 7", false, false, true, 0 },
	{ "UPDATE job SET position = 9 WHERE id = 7", false, false, false, 0 },
	{ "UPDATE pipeline SET name = 'r' WHERE id = 2", false, false, true, 0 },
	{ "UPDATE pipeline SET name = 'r' WHERE id = 3", false, false, false, 0 },
	{ "UPDATE build SET started_at = NULL WHERE id = 4", false, false, false, 0 },
	{ "UPDATE build SET state = 'SUCCESS' WHERE id = 4", false, true, false, 0 },
	{ "UPDATE build SET bases = ',1,' WHERE id = 4", false, false, false, 0 },
	{ "DELETE FROM build WHERE id = 4", false, false, false, 1 },
	{ "UPDATE job SET deleted = 1 WHERE id = 7", false, false, true, 2 },
	{ "UPDATE job SET deleted = 1, state = 'failed' WHERE id = 7", false, false, false, 2 },
	{ "DELETE FROM job WHERE id = 7", false, false, false, 2 },
	{ "UPDATE pipeline SET deleted = 1 WHERE id = 2", false, false, false, 3 },
	{ "DELETE FROM pipeline WHERE id = 2", false, false, false, 3 },
};

static void
test_each_change_that_a_get_shows_gets_the_next_number(void **state)
{
	struct world *world = *state;
	static const char *const numbers[] = { "SELECT max(changed) FROM job",
		"SELECT max(changed) FROM build", "SELECT changed FROM pipeline WHERE id = 2" };

	world_sql(world, old_rows);
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		const bool expected[] = { changes[i].job, changes[i].build, changes[i].pipeline };
		int64_t before = world_integer(world, LAST), removals;

		print_message("%s\n", changes[i].sql);
		world_sql(world, changes[i].sql);
		for (size_t j = 0; j < 3; j++) {
			char sql[128];

			snprintf(sql, sizeof sql, "SELECT coalesce((%s), 0)", numbers[j]);
			assert_int_equal(world_integer(world, sql) > before, expected[j]);
		}
		removals = world_integer(world, "SELECT count(*) FROM removal");
		assert_int_equal(removals, changes[i].removals);
	}
	assert_int_equal(
	    world_integer(world,
		"SELECT count(*) FROM removal WHERE account = 1 AND removed_at > 1700000000000 AND"
		" (kind, object) IN (VALUES ('build', 4), ('job', 7), ('pipeline', 2))"),
	    3);
	assert_int_equal(world_integer(world, "SELECT max(change) FROM removal"),
	    world_integer(world, LAST));
}

/* A statement that changes many rows gives each its own number. */
static void
test_no_two_changes_share_a_number(void **state)
{
	struct world *world = *state;
	int64_t before;

	world_sql(world, old_rows);
	before = world_integer(world, LAST);
	world_sql(world, "UPDATE pipeline SET name = 'same'");
	assert_int_equal(world_integer(world, "SELECT count(DISTINCT changed) FROM pipeline"), 2);
	assert_int_equal(world_integer(world, "SELECT max(changed) FROM pipeline"), before + 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_older_tables_become_the_newest, world_setup,
		    world_teardown),
		cmocka_unit_test_setup_teardown(
		    test_each_change_that_a_get_shows_gets_the_next_number, world_setup,
		    world_teardown),
		cmocka_unit_test_setup_teardown(test_no_two_changes_share_a_number, world_setup,
		    world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
