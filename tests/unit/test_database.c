/*
 * One way to open a database, to run statements and to hold a transaction.
 */
#include "schema.h"
#include "support.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "transaction.h"
#include "upkeep.h"

#define WAL_OPENERS 8

static void
path_of(const struct folder *folder, const char *name, char path[static 128])
{
	snprintf(path, 128, "%s/%s", folder->path, name);
}

static void
test_new_database_has_tables_version_and_an_instance(void **state)
{
	struct world *world = *state;

	assert_int_equal(world_integer(world, "PRAGMA user_version"), 3);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM job"), 0);
	assert_int_equal(world_integer(world,
			     "SELECT length(value) FROM setting WHERE name = 'instance'"),
	    8);
	assert_int_equal(world_integer(world, "PRAGMA foreign_keys"), 1);
	assert_int_equal(world_integer(world,
			     "SELECT journal_mode = 'wal' FROM pragma_journal_mode"),
	    1);
	assert_int_equal(file_mode(world->folder->fd, "kabuto.db"), 0660);
}

static void
test_commits_are_flushed_by_default(void **state)
{
	struct world *world = *state;
	struct database other = { 0 };
	sqlite3_stmt *statement = NULL;
	char path[128];

	path_of(world->folder, "kabuto.db", path);
	must(schema_open(&other, path, &world->err), &world->err);
	assert_int_equal(sqlite3_prepare_v2(other.handle, "PRAGMA synchronous", -1, &statement,
			     NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(statement, 0), 2); /* FULL */
	sqlite3_finalize(statement);
	connection_close(&other);
}

static void
test_opening_again_keeps_what_is_there(void **state)
{
	struct world *world = *state;
	struct database other = { 0 };
	char path[128];

	world_sql(world, "INSERT INTO setting (name, value) VALUES ('kept', 'yes')");
	path_of(world->folder, "kabuto.db", path);
	must(schema_open(&other, path, &world->err), &world->err);
	connection_close(&other);
	connection_close(&other);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM setting"), 2);
}

static void
test_many_processes_may_make_the_database_at_once(void **state)
{
	struct world *world = *state;

	for (int round = 0; round < 20; round++) {
		pid_t children[WAL_OPENERS];
		char path[128], name[32];
		int gate[2], failed = 0;

		snprintf(name, sizeof name, "new-%d.db", round);
		path_of(world->folder, name, path);
		assert_int_equal(pipe(gate), 0);
		for (int i = 0; i < WAL_OPENERS; i++) {
			children[i] = fork();
			if (children[i] == 0) {
				struct database db = { 0 };
				struct error err;
				char byte;
				bool opened;

				(void)close(gate[1]);
				(void)!read(gate[0], &byte,
				    1); /* all begin when the gate is closed */
				opened = schema_open(&db, path, &err);
				if (!opened)
					fprintf(stderr, "%s\n", err.text);
				else
					connection_close(&db);
				_exit(opened ? 0 : 1);
			}
		}
		(void)close(gate[0]);
		(void)close(gate[1]);
		for (int i = 0; i < WAL_OPENERS; i++) {
			int status;

			assert_int_equal(waitpid(children[i], &status, 0), children[i]);
			failed += status != 0;
		}
		assert_int_equal(failed, 0);
	}
}

static void
test_database_of_a_newer_kabuto_is_refused(void **state)
{
	struct world *world = *state;
	struct database other = { 0 };
	char path[128];

	world_sql(world, "PRAGMA user_version = 99");
	path_of(world->folder, "kabuto.db", path);
	assert_false(schema_open(&other, path, &world->err));
	assert_non_null(strstr(world->err.text,
	    "newer Kabuto made this database (its version is 99"));
	assert_non_null(strstr(world->err.text, path));
	assert_null(other.handle);
	assert_int_equal(world_integer(world, "PRAGMA user_version"), 99);
}

static void
test_file_that_is_no_database_is_refused_and_left(void **state)
{
	static const char garbage[] =
	    "This is no database, but long enough to look at, and then some more of it.";
	struct world *world = *state;
	struct database other = { 0 };
	cleanup_free char *after = NULL;
	char path[128];

	file_put(world->folder->fd, "garbage", garbage, sizeof garbage);
	path_of(world->folder, "garbage", path);
	assert_false(schema_open(&other, path, &world->err));
	assert_int_equal(world->err.kind, ERROR_SYSTEM);
	assert_non_null(strstr(world->err.text, "damaged"));
	after = file_get(world->folder->fd, "garbage", NULL);
	assert_string_equal(after, garbage);
}

static void
test_database_in_a_folder_that_is_not_there_is_refused(void **state)
{
	struct world *world = *state;
	struct database other = { 0 };
	char path[128];

	path_of(world->folder, "nowhere/kabuto.db", path);
	assert_false(schema_open(&other, path, &world->err));
	assert_non_null(strstr(world->err.text, path));
	assert_null(other.handle);
}

static void
test_each_value_binds_its_type(void **state)
{
	static const unsigned char blob[] = { 0, 255, 7 };
	struct world *world = *state;
	struct statement st;

	must(
	    statement_begin(&st, &world->db, &world->err,
		"SELECT ?, ?, ?, ?, ?, ?, typeof(?1), typeof(?2), typeof(?3), typeof(?4), typeof(?5),"
		" typeof(?6), typeof(?7), hex(?7)",
		VALUES(I(-5), D(1.5), T("caf\xc3\xa9"), N(0), N(9), T(NULL), B(blob, sizeof blob))),
	    &world->err);
	assert_int_equal(statement_row(&st, &world->err), 1);
	assert_int_equal(statement_integer(&st, 0), -5);
	assert_true(statement_decimal(&st, 1) == 1.5);
	assert_string_equal(statement_text(&st, 2), "caf\xc3\xa9");
	assert_null(statement_text(&st, 3));
	assert_int_equal(statement_integer(&st, 4), 9);
	assert_null(statement_copy(&st, 5));
	assert_string_equal(statement_text(&st, 6), "integer");
	assert_string_equal(statement_text(&st, 7), "real");
	assert_string_equal(statement_text(&st, 8), "text");
	assert_string_equal(statement_text(&st, 9), "null");
	assert_string_equal(statement_text(&st, 10), "integer");
	assert_string_equal(statement_text(&st, 11), "null");
	assert_string_equal(statement_text(&st, 12), "blob");
	assert_string_equal(statement_text(&st, 13), "00FF07");
	assert_int_equal(statement_row(&st, &world->err), 0);
	statement_end(&st);
	statement_end(&st);
}

static int64_t
doubled(struct world *world, int64_t number)
{
	int64_t value = 0;

	assert_int_equal(database_integer(&world->db, &value, &world->err, "SELECT 2 * ?",
			     VALUES(I(number))),
	    1);
	return value;
}

static void
test_statement_is_prepared_once_and_forgets_its_bindings(void **state)
{
	struct world *world = *state;
	int used = 0;

	for (int64_t i = 0; i < 3 * CONNECTION_STATEMENTS; i++)
		assert_int_equal(doubled(world, i), 2 * i);
	while (used < CONNECTION_STATEMENTS && world->db.cache[used].sql != NULL)
		used++;
	assert_true(used < 10);
}

/* Each text lies at another address, as so many literals would. */
static void
test_statements_beyond_the_cache_run_all_the_same(void **state)
{
	static const char sql[] = "SELECT 2 * ?";
	struct world *world = *state;
	char *copies = calloc(2 * CONNECTION_STATEMENTS, sizeof sql);

	assert_non_null(copies);
	for (int64_t round = 0; round < 2; round++)
		for (int64_t i = 0; i < 2 * CONNECTION_STATEMENTS; i++) {
			char *copy = memcpy(copies + i * (int64_t)sizeof sql, sql, sizeof sql);
			int64_t value = 0;

			assert_int_equal(database_integer(&world->db, &value, &world->err, copy,
					     VALUES(I(i))),
			    1);
			assert_int_equal(value, 2 * i);
		}
	connection_close(&world->db);
	free(copies);
}

static void
test_integer_of_no_row_leaves_the_value(void **state)
{
	struct world *world = *state;
	int64_t value = 42;

	assert_int_equal(database_integer(&world->db, &value, &world->err,
			     "SELECT value FROM setting WHERE name = ?", VALUES(T("nothing"))),
	    0);
	assert_int_equal(value, 42);
}

static void
test_run_counts_the_rows_that_changed(void **state)
{
	struct world *world = *state;

	must(database_run(&world->db, &world->err,
		 "INSERT INTO setting (name, value) VALUES (?, 'x'), (?, 'y')",
		 VALUES(T("a"), T("b"))),
	    &world->err);
	assert_int_equal(database_changes(&world->db), 2);
	must(database_run(&world->db, &world->err, "DELETE FROM setting WHERE name = ?",
		 VALUES(T("none"))),
	    &world->err);
	assert_int_equal(database_changes(&world->db), 0);
}

static void
test_wrong_statement_is_an_error_in_words(void **state)
{
	struct world *world = *state;
	int64_t value = 0;

	assert_false(database_run(&world->db, &world->err, "INSERT INTO nowhere VALUES (1)",
	    NO_VALUES));
	assert_int_equal(world->err.kind, ERROR_SYSTEM);
	/* A word in double quotes is a name, never a text. */
	assert_int_equal(database_integer(&world->db, &value, &world->err, "SELECT \"text\"",
			     NO_VALUES),
	    -1);
	/* The connection works on. */
	assert_int_equal(doubled(world, 4), 8);
}

static void
test_tables_hold_the_law(void **state)
{
	static const struct {
		const char *sql, *says;
	} rows[] = {
		{ "INSERT INTO session (hash, account, used_at) VALUES (x'00', 99, 1)",
		    "FOREIGN KEY" },
		{ "INSERT INTO setting (name, value) VALUES ('n', x'00')", "cannot store BLOB" },
		{ "INSERT INTO pipeline (account, name, on_failure, max_parallel, created_at)"
		  " VALUES (1, 'p', 'perhaps', 1, 1)",
		    "CHECK" },
		{ "INSERT INTO pipeline (account, name, on_failure, max_parallel, created_at)"
		  " VALUES (1, 'p', 'stop', 0, 1)",
		    "CHECK" },
	};
	struct world *world = *state;
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed,
		    !database_run(&world->db, &world->err, rows[i].sql, NO_VALUES) &&
			strstr(world->err.text, rows[i].says) != NULL,
		    "%s: %s", rows[i].sql, world->err.text);
	rows_end(failed);
}

static bool
insert_setting(struct world *world, const char *name)
{
	return database_run(&world->db, &world->err,
	    "INSERT INTO setting (name, value) VALUES (?, '')", VALUES(T(name)));
}

static void
insert_and_forget(struct world *world)
{
	cleanup_transaction struct transaction t = { NULL };

	must(transaction_begin(&t, &world->db, &world->err), &world->err);
	must(insert_setting(world, "forgotten"), &world->err);
}

static void
insert_and_commit(struct world *world)
{
	cleanup_transaction struct transaction t = { NULL };

	must(transaction_begin(&t, &world->db, &world->err), &world->err);
	must(insert_setting(world, "kept"), &world->err);
	must(transaction_commit(&t, &world->err), &world->err);
}

static void
test_transaction_that_was_not_committed_is_rolled_back(void **state)
{
	struct world *world = *state;
	int64_t before = world_integer(world, "SELECT count(*) FROM setting");

	insert_and_forget(world);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM setting"), before);
	insert_and_commit(world);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM setting"), before + 1);
	assert_int_not_equal(sqlite3_get_autocommit(world->db.handle), 0);
}

/* A transaction within another one is a part of it: the outer one decides. */
static void
insert_nested(struct world *world, bool commit)
{
	cleanup_transaction struct transaction t = { NULL };

	must(transaction_begin(&t, &world->db, &world->err), &world->err);
	insert_and_commit(world);
	if (commit)
		must(transaction_commit(&t, &world->err), &world->err);
}

static void
test_transaction_within_another_one_is_a_part_of_it(void **state)
{
	struct world *world = *state;
	int64_t before = world_integer(world, "SELECT count(*) FROM setting");

	insert_nested(world, false);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM setting"), before);
	insert_nested(world, true);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM setting"), before + 1);
	assert_int_not_equal(sqlite3_get_autocommit(world->db.handle), 0);
}

static void
test_failed_statement_in_a_transaction_undoes_all_of_it(void **state)
{
	struct world *world = *state;
	int64_t before = world_integer(world, "SELECT count(*) FROM setting");

	{
		cleanup_transaction struct transaction t = { NULL };

		must(transaction_begin(&t, &world->db, &world->err), &world->err);
		must(insert_setting(world, "twice"), &world->err);
		assert_false(insert_setting(world, "twice"));
	}
	assert_int_equal(world_integer(world, "SELECT count(*) FROM setting"), before);
}

static void
test_second_writer_is_told_to_try_again(void **state)
{
	struct world *world = *state;
	struct world other = { .folder = world->folder };
	char path[128];

	path_of(world->folder, "kabuto.db", path);
	must(schema_open(&other.db, path, &other.err), &other.err);
	sqlite3_busy_timeout(other.db.handle, 0); /* it would wait for seconds */
	{
		cleanup_transaction struct transaction first = { NULL };
		struct transaction second = { NULL };

		must(transaction_begin(&first, &world->db, &world->err), &world->err);
		must(insert_setting(world, "first"), &world->err);
		assert_false(transaction_begin(&second, &other.db, &other.err));
		assert_int_equal(other.err.kind, ERROR_BUSY);
		assert_true(other.err.retry_after_s > 0);
		assert_null(second.db);
		/* A reader is not held up, and sees what was committed. */
		assert_int_equal(world_integer(&other,
				     "SELECT count(*) FROM setting WHERE name = 'first'"),
		    0);
		must(transaction_commit(&first, &world->err), &world->err);
	}
	assert_int_equal(world_integer(&other, "SELECT count(*) FROM setting WHERE name = 'first'"),
	    1);
	insert_and_commit(&other);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM setting WHERE name = 'kept'"),
	    1);
	connection_close(&other.db);
}

static void
test_full_disk_is_told_from_a_fault(void **state)
{
	struct world *world = *state;
	char limit[64];

	snprintf(limit, sizeof limit, "PRAGMA max_page_count = %lld",
	    (long long)world_integer(world, "PRAGMA page_count"));
	world_sql(world, limit);
	assert_false(database_run(&world->db, &world->err,
	    "INSERT INTO setting (name, value) VALUES ('large', hex(zeroblob(100000)))",
	    NO_VALUES));
	assert_int_equal(world->err.kind, ERROR_NO_SPACE);
}

/* What statement_end does with a statement, tried in a child: its wait status. */
static int
status_of_statement(struct world *world, const char *sql)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		const struct rlimit none = { 0, 0 };
		struct statement st;

		(void)setrlimit(RLIMIT_CORE, &none);
		(void)signal(SIGABRT, SIG_DFL);
		if (!statement_begin(&st, &world->db, &world->err, sql, NO_VALUES))
			_exit(9);
		while (statement_row(&st, &world->err) == 1)
			continue;
		statement_end(&st);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void
test_statement_that_scans_or_sorts_aborts_a_test_build(void **state)
{
#ifdef KABUTO_TEST_BUILD
	static const struct {
		const char *sql;
		bool aborts;
	} rows[] = {
		{ "SELECT id FROM account WHERE login = 'a'", false },
		{ "SELECT id FROM account WHERE email = 'a'", true },
		{ "/*scan*/ SELECT id FROM account WHERE email = 'a'", false },
		{ "SELECT id FROM pipeline WHERE account = 1 ORDER BY id", false },
		{ "SELECT id FROM pipeline WHERE account = 1 ORDER BY name", true },
	};
	struct world *world = *state;
	int failed = 0;

	(void)world_account(world, "a");
	(void)world_account(world, "b");
	(void)world_pipeline(world, 1, 1, "stop");
	(void)world_pipeline(world, 1, 1, "stop");
	for (size_t i = 0; i < COUNT(rows); i++) {
		int status = status_of_statement(world, rows[i].sql);

		row_check(failed,
		    rows[i].aborts ? WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT
				   : status == 0,
		    "%s: wait status %d", rows[i].sql, status);
	}
	rows_end(failed);
#else
	(void)state;
	(void)status_of_statement;
	skip();
#endif
}

static void
test_copy_is_the_database_and_damage_in_it_is_told(void **state)
{
	struct world *world = *state;
	char path[128], page[4096];
	struct database copy;
	cleanup_close int fd = -1;
	int64_t pipelines = 0;

	(void)world_account(world, "a");
	for (int i = 0; i < 500; i++)
		(void)world_pipeline(world, 1, 1, "stop");
	snprintf(path, sizeof path, "%s/copy.db", world->folder->path);
	must(upkeep_copy(&world->db, path, &world->err), &world->err);
	must(schema_open(&copy, path, &world->err), &world->err);
	must(upkeep_check(&copy, true, &world->err), &world->err);
	must(upkeep_check(&copy, false, &world->err), &world->err);
	assert_int_equal(database_integer(&copy, &pipelines, &world->err,
			     "/*scan*/ SELECT count(*) FROM pipeline", NO_VALUES),
	    1);
	assert_int_equal(pipelines, 500);
	connection_close(&copy);
	/* A page of rows: those of the schema are before. */
	fd = open(path, O_RDWR | O_CLOEXEC);
	memset(page, 0xa5, sizeof page);
	assert_int_equal(pwrite(fd, page, sizeof page,
			     lseek(fd, 0, SEEK_END) * 3 / 4 / 4096 * 4096),
	    sizeof page);
	must(schema_open(&copy, path, &world->err), &world->err);
	assert_false(upkeep_check(&copy, true, &world->err));
	assert_non_null(strstr(world->err.text, "damaged"));
	assert_non_null(strstr(world->err.text, "kabutoctl restore"));
	assert_null(strchr(world->err.text, '\n'));
	connection_close(&copy);
}

static void
test_check_finds_a_row_that_refers_to_nothing(void **state)
{
	struct world *world = *state;

	must(upkeep_check(&world->db, false, &world->err), &world->err);
	connection_check_references(&world->db, false);
	world_sql(world,
	    "INSERT INTO pipeline (account, name, on_failure, max_parallel, created_at)"
	    " VALUES (99, 'p', 'stop', 1, 1)");
	must(upkeep_check(&world->db, true, &world->err), &world->err);
	assert_false(upkeep_check(&world->db, false, &world->err));
	assert_non_null(strstr(world->err.text, "of pipeline refers to a row of account"));
}

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_new_database_has_tables_version_and_an_instance),
		test(test_commits_are_flushed_by_default),
		test(test_opening_again_keeps_what_is_there),
		test(test_many_processes_may_make_the_database_at_once),
		test(test_database_of_a_newer_kabuto_is_refused),
		test(test_file_that_is_no_database_is_refused_and_left),
		test(test_database_in_a_folder_that_is_not_there_is_refused),
		test(test_each_value_binds_its_type),
		test(test_statement_is_prepared_once_and_forgets_its_bindings),
		test(test_statements_beyond_the_cache_run_all_the_same),
		test(test_integer_of_no_row_leaves_the_value),
		test(test_run_counts_the_rows_that_changed),
		test(test_wrong_statement_is_an_error_in_words),
		test(test_tables_hold_the_law),
		test(test_transaction_that_was_not_committed_is_rolled_back),
		test(test_transaction_within_another_one_is_a_part_of_it),
		test(test_failed_statement_in_a_transaction_undoes_all_of_it),
		test(test_second_writer_is_told_to_try_again),
		test(test_full_disk_is_told_from_a_fault),
		test(test_statement_that_scans_or_sorts_aborts_a_test_build),
		test(test_copy_is_the_database_and_damage_in_it_is_told),
		test(test_check_finds_a_row_that_refers_to_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
