/*
 * The feed of changes: four tables merged by their numbers, each object once.
 */
#include "support.h"

#include "changefeed.h"
#include "transaction.h"

/* What a reading gave: "job 7 @4" and the like, in one text. */
struct seen {
	char text[1024];
	int64_t last;
};

static bool
note(const struct changefeed_item *item, void *context, struct error *err)
{
	static const char *const kinds[] = { "job", "build", "pipeline" };
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	(void)err;
	assert_true(item->number > seen->last);
	seen->last = item->number;
	snprintf(seen->text + used, sizeof seen->text - used, "%s%s %lld of %lld",
	    used > 0 ? ", " : "", kinds[item->kind], (long long)item->object,
	    (long long)item->account);
	if (item->removed)
		snprintf(seen->text + strlen(seen->text), sizeof seen->text - strlen(seen->text),
		    " removed");
	return true;
}

static const char rows[] =
    "INSERT INTO account (id, login, email, password_hash, created_at)"
    " VALUES (1, 'a', '', '', 1), (2, 'b', '', '', 1);"
    "INSERT INTO image (id, account, name, created_at) VALUES (1, 1, 'i', 1);"
    "INSERT INTO pipeline (id, account, name, on_failure, max_parallel, created_at)"
    " VALUES (2, 1, 'p', 'stop', 1, 1), (3, 2, 'q', 'stop', 1, 1);"
    "INSERT INTO build (id, image, account, state, nocache, created_at)"
    " VALUES (4, 1, 1, 'FAILED', 0, 1), (5, 1, 1, 'FAILED', 0, 1);"
    "INSERT INTO job (id, pipeline, account, image, position, network, timeout, grace, memory, cpus,"
    " pids, disk, attachment_token, created_at) VALUES"
    " (7, 2, 1, 1, 1, 'none', 1, 1, 1, 1, 1, 1, '', 1),"
    " (8, 2, 1, 1, 2, 'none', 1, 1, 1, 1, 1, 1, '', 1),"
    " (9, 3, 2, 1, 1, 'none', 1, 1, 1, 1, 1, 1, '', 1);"
    "DELETE FROM build WHERE id = 5;"
    "UPDATE job SET deleted = 1 WHERE id = 8;"
    "UPDATE job SET state = 'in_queue' WHERE id = 7";

static void
test_changes_come_in_the_order_of_their_numbers(void **state)
{
	static const struct {
		int64_t account, after, removals_after;
		const char *text;
	} ranges[] = {
		{ 1, 0, 0,
		    "build 4 of 1, build 5 of 1 removed, job 8 of 1 removed, pipeline 2 of 1, job 7 of 1" },
		{ 1, 0, 1000, "build 4 of 1, pipeline 2 of 1, job 7 of 1" },
		{ 2, 0, 0, "job 9 of 2, pipeline 3 of 2" },
		{ 0, 0, 1000,
		    "build 4 of 1, job 9 of 2, pipeline 3 of 2, pipeline 2 of 1, job 7 of 1" },
		{ 0, 1000, 0, "" },
		{ 3, 0, 0, "" },
	};
	struct world *world = *state;

	world_sql(world, rows);
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
		struct seen whole = { .text = "" }, parts = { .text = "" };
		struct changefeed_range range = { .account = ranges[i].account,
			.after = ranges[i].after,
			.removals_after = ranges[i].removals_after,
			.limit = 100 };
		int64_t before;

		must(changefeed_each(&world->db, &range, note, &whole, &world->err), &world->err);
		assert_string_equal(whole.text, ranges[i].text);
		/* One at a time, each after the number of the one before, gives the same. */
		range.limit = 1;
		do {
			before = parts.last;
			must(changefeed_each(&world->db, &range, note, &parts, &world->err),
			    &world->err);
			range.after = parts.last > range.after ? parts.last : range.after;
		} while (parts.last != before);
		assert_string_equal(parts.text, whole.text);
	}
}

static void
test_last_is_the_number_of_the_last_change(void **state)
{
	struct world *world = *state;
	struct seen seen = { .text = "" };
	const struct changefeed_range all = { .limit = 100 };
	int64_t last = -1;

	must(changefeed_last(&world->db, &last, &world->err), &world->err);
	assert_int_equal(last, 0);
	world_sql(world, rows);
	must(changefeed_last(&world->db, &last, &world->err), &world->err);
	must(changefeed_each(&world->db, &all, note, &seen, &world->err), &world->err);
	assert_int_equal(last, seen.last);
}

static void
test_old_deletions_are_forgotten(void **state)
{
	struct world *world = *state;
	int64_t count = 0;

	world_sql(world, rows);
	world_sql(world, "UPDATE removal SET removed_at = 5 WHERE kind = 'build'");
	must(changefeed_count_old(&world->db, 6, &count, &world->err), &world->err);
	assert_int_equal(count, 1);
	must(changefeed_erase_old(&world->db, 6, 10, &count, &world->err), &world->err);
	assert_int_equal(count, 1);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM removal"), 1);
}

/* What is committed while a snapshot is read comes after it. */
static void
test_snapshot_does_not_change(void **state)
{
	struct world *world = *state;
	struct world other = { .folder = world->folder };
	int64_t before = 0, within = 0, version = 0, later = 0;
	char path[128];

	snprintf(path, sizeof path, "%s/kabuto.db", world->folder->path);
	must(schema_open(&other.db, path, &other.err), &other.err);
	must(database_version(&world->db, &version, &world->err), &world->err);
	must(transaction_begin_reading(&world->db, &world->err), &world->err);
	must(changefeed_last(&world->db, &before, &world->err), &world->err);
	world_sql(&other, rows);
	must(changefeed_last(&world->db, &within, &world->err), &world->err);
	transaction_end_reading(&world->db);
	assert_int_equal(within, before);
	must(changefeed_last(&world->db, &within, &world->err), &world->err);
	assert_true(within > before);
	must(database_version(&world->db, &later, &world->err), &world->err);
	assert_int_not_equal(later, version);
	connection_close(&other.db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_changes_come_in_the_order_of_their_numbers,
		    world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_last_is_the_number_of_the_last_change,
		    world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_old_deletions_are_forgotten, world_setup,
		    world_teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_does_not_change, world_setup,
		    world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
