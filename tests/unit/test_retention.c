/*
 * Retention: which results, logs and jobs go, and what is left out.
 */
#include "support.h"

#include "job.h"
#include "retention.h"

/* An ended job of the pipeline with results, one attempt's logs, and these sizes. */
static int64_t
ended(struct world *world, int64_t pipeline, int64_t account, int64_t finished_at,
    int64_t results_size, int64_t log_size)
{
	char sql[1024];

	snprintf(sql, sizeof sql,
	    "INSERT INTO job (pipeline, account, image, position, state, attempt, network, timeout, grace,"
	    " memory, cpus, pids, disk, attachment_token, results_token, results_size, log_size,"
	    " created_at, finished_at) VALUES (%lld, %lld, (SELECT min(id) FROM image), 1, 'done', 1,"
	    " 'none', 1, 1, 1, 1, 1, 1, hex(randomblob(16)), hex(randomblob(16)), %lld, %lld, 1, %lld)",
	    (long long)pipeline, (long long)account, (long long)results_size, (long long)log_size,
	    (long long)finished_at);
	world_sql(world, sql);
	return sqlite3_last_insert_rowid(world->db.handle);
}

struct fixture {
	int64_t account, pipeline;
};

static struct fixture
make_account(struct world *world, const char *login)
{
	struct account account = world_account(world, login);

	(void)world_image(world, account.id);
	return (struct fixture){ account.id, world_pipeline(world, account.id, 1, "continue") };
}

/* Walks to the end, applies each batch, and gives how many went. */
static int64_t
apply_all(struct world *world, enum retention_kind kind, struct retention_walk walk)
{
	struct retention_batch batch;
	int64_t applied = 0;

	for (;;) {
		must(retention_next(&world->db, kind, &walk, &batch, &world->err), &world->err);
		if (batch.count == 0)
			return applied;
		must(retention_apply(&world->db, kind, &batch, &world->err), &world->err);
		applied += (int64_t)batch.count;
	}
}

static void
test_what_ended_before_a_time_goes_and_nothing_else(void **state)
{
	struct world *world = *state;
	struct fixture a = make_account(world, "alice");

	for (int64_t i = 1; i <= 250; i++) /* several batches */
		(void)ended(world, a.pipeline, a.account, i, 10, 1);
	assert_int_equal(apply_all(world, RETENTION_RESULTS,
			     (struct retention_walk){ .before = 201 }),
	    200);
	assert_int_equal(world_integer(world,
			     "SELECT count(*) FROM job WHERE results_token IS NULL"
			     " AND results_size IS NULL AND results_removed_at IS NOT NULL"),
	    200);
	assert_int_equal(world_integer(world,
			     "SELECT min(finished_at) FROM job WHERE results_token NOT NULL"),
	    201);
	assert_int_equal(apply_all(world, RETENTION_RESULTS,
			     (struct retention_walk){ .before = 201 }),
	    0);
	assert_int_equal(world_integer(world, "SELECT sum(log_size) FROM job"), 250);
	assert_int_equal(apply_all(world, RETENTION_LOGS, (struct retention_walk){ .before = 11 }),
	    10);
	assert_int_equal(world_integer(world, "SELECT sum(log_size) FROM job"), 240);
	assert_int_equal(apply_all(world, RETENTION_JOBS,
			     (struct retention_walk){ .from = 100, .before = 102 }),
	    2);
	assert_int_equal(world_integer(world, "SELECT sum(finished_at) FROM job WHERE deleted"),
	    201);
}

static void
test_equal_times_are_told_apart_by_id(void **state)
{
	struct world *world = *state;
	struct fixture a = make_account(world, "alice");

	for (int i = 0; i < 2 * RETENTION_BATCH + 1; i++)
		(void)ended(world, a.pipeline, a.account, 5, 1, 1);
	assert_int_equal(apply_all(world, RETENTION_JOBS,
			     (struct retention_walk){ .from = 5, .before = 6 }),
	    2 * RETENTION_BATCH + 1);
}

static void
test_jobs_that_have_not_ended_or_are_deleted_are_left_alone(void **state)
{
	static const char *const rows[] = {
		"state = 'running'",
		"state = 'in_queue'",
		"state = 'ready'",
		"deleted = 1",
	};
	struct world *world = *state;
	struct fixture a = make_account(world, "alice");
	struct retention_walk walk = { .before = 100 };
	int failed = 0;

	(void)ended(world, a.pipeline, a.account, 1, 1, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char sql[128];

		world_sql(world, "UPDATE job SET state = 'done', deleted = 0");
		snprintf(sql, sizeof sql, "UPDATE job SET %s", rows[i]);
		world_sql(world, sql);
		for (int kind = 0; kind < RETENTION_KINDS; kind++)
			row_check(failed, apply_all(world, kind, walk) == 0, "%s, kind %d", rows[i],
			    kind);
	}
	rows_end(failed);
}

static void
test_job_that_changed_since_the_look_leaves_the_batch(void **state)
{
	static const char *const changes[] = {
		"UPDATE job SET state = 'in_queue', finished_at = NULL WHERE id = ",
		"UPDATE job SET finished_at = 99 WHERE id = ",
		"UPDATE job SET deleted = 1 WHERE id = ",
	};
	struct world *world = *state;
	struct fixture a = make_account(world, "alice");
	int failed = 0;

	for (size_t i = 0; i < COUNT(changes); i++)
		for (int kind = 0; kind < RETENTION_KINDS; kind++) {
			int64_t changed = ended(world, a.pipeline, a.account, 1, 1, 1);
			int64_t same = ended(world, a.pipeline, a.account, 2, 1, 1);
			struct retention_walk walk = { .before = 10 };
			struct retention_batch batch;
			char sql[256];

			must(retention_next(&world->db, kind, &walk, &batch, &world->err),
			    &world->err);
			row_check(failed, batch.count == 2, "%s, kind %d", changes[i], kind);
			snprintf(sql, sizeof sql, "%s %lld", changes[i], (long long)changed);
			world_sql(world, sql);
			must(retention_apply(&world->db, kind, &batch, &world->err), &world->err);
			row_check(failed, batch.count == 1 && batch.jobs[0].id == same,
			    "%s, kind %d", changes[i], kind);
			world_sql(world, "DELETE FROM job");
		}
	rows_end(failed);
}

struct over {
	int64_t account[4], bytes[4];
	size_t count;
};

static bool
note_over(int64_t account, int64_t bytes, void *context, struct error *err)
{
	struct over *over = context;

	(void)err;
	assert_true(over->count < COUNT(over->account));
	over->account[over->count] = account;
	over->bytes[over->count++] = bytes;
	return true;
}

static struct over
look_over(struct world *world, int64_t fallback, int64_t results_before, int64_t logs_before)
{
	struct over over = { .count = 0 };

	must(retention_each_over(&world->db, fallback, results_before, logs_before, note_over,
		 &over, &world->err),
	    &world->err);
	return over;
}

static void
test_accounts_over_their_size_are_told_with_what_is_over(void **state)
{
	struct world *world = *state;
	struct fixture a = make_account(world, "alice"), b = make_account(world, "bob");
	struct over over;

	(void)ended(world, a.pipeline, a.account, 10, 60, 40);
	(void)ended(world, a.pipeline, a.account, 20, 60, 40);
	(void)ended(world, b.pipeline, b.account, 10, 60, 40);
	over = look_over(world, 0, 0, 0);
	assert_int_equal(over.count, 0);
	over = look_over(world, 150, 0, 0);
	assert_int_equal(over.count, 1);
	assert_int_equal(over.account[0], a.account);
	assert_int_equal(over.bytes[0], 50);
	/* What goes by age does not count. */
	over = look_over(world, 150, 11, 0);
	assert_int_equal(over.count, 0);
	over = look_over(world, 99, 11, 11);
	assert_int_equal(over.count, 1);
	assert_int_equal(over.bytes[0], 1);
	/* An account's own limit stands before the configuration's; 0: none. */
	world_sql(world, "UPDATE account SET kept_max = 0 WHERE login = 'alice'");
	world_sql(world, "UPDATE account SET kept_max = 1 WHERE login = 'bob'");
	over = look_over(world, 150, 0, 0);
	assert_int_equal(over.count, 1);
	assert_int_equal(over.account[0], b.account);
	assert_int_equal(over.bytes[0], 99);
}

static void
test_walk_of_one_account_sees_only_its_jobs(void **state)
{
	struct world *world = *state;
	struct fixture a = make_account(world, "alice"), b = make_account(world, "bob");
	struct retention_walk walk = { .account = b.account, .before = INT64_MAX };
	struct retention_batch batch;
	int64_t mine;

	(void)ended(world, a.pipeline, a.account, 1, 7, 8);
	mine = ended(world, b.pipeline, b.account, 2, 70, 80);
	must(retention_next(&world->db, RETENTION_RESULTS, &walk, &batch, &world->err),
	    &world->err);
	assert_int_equal(batch.count, 1);
	assert_int_equal(batch.jobs[0].id, mine);
	assert_int_equal(batch.jobs[0].bytes, 70);
	assert_int_equal(strlen(batch.jobs[0].results_token), 32);
	must(retention_next(&world->db, RETENTION_RESULTS, &walk, &batch, &world->err),
	    &world->err);
	assert_int_equal(batch.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
		TEST(test_what_ended_before_a_time_goes_and_nothing_else),
		TEST(test_equal_times_are_told_apart_by_id),
		TEST(test_jobs_that_have_not_ended_or_are_deleted_are_left_alone),
		TEST(test_job_that_changed_since_the_look_leaves_the_batch),
		TEST(test_accounts_over_their_size_are_told_with_what_is_over),
		TEST(test_walk_of_one_account_sees_only_its_jobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
