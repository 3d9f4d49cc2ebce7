/*
 * Views of results.
 */
#include "support.h"

#include "clock.h"
#include "view.h"

/* A job of the account, with only what a view needs. */
static int64_t
make_job(struct world *world, int64_t account)
{
	char sql[512];

	snprintf(sql, sizeof sql,
	    "INSERT INTO job (pipeline, account, image, position, network, timeout, grace, memory,"
	    " cpus, pids, disk, attachment_token, created_at)"
	    " VALUES (%lld, %lld, %lld, 1, 'none', 1, 1, 1, 1, 1, 1, '', 1)",
	    (long long)world_pipeline(world, account, 1, "continue"), (long long)account,
	    (long long)world_image(world, account));
	world_sql(world, sql);
	return sqlite3_last_insert_rowid(world->db.handle);
}

static void
open_view(struct world *world, int64_t account, int64_t job, char token[static TOKEN_TEXT])
{
	int64_t expires_at = 0, now = clock_now_ms(), hour = 60 * 60 * MS_PER_S;

	must(view_open(&world->db, account, job, token, &expires_at, &world->err), &world->err);
	assert_in_range(expires_at, now + hour, now + hour + 60 * MS_PER_S);
}

/* The job that the token shows; 0: none, with the account left nobody. */
static int64_t
shown(struct world *world, const char *token)
{
	struct account account;
	int64_t job = 0;

	if (view_find(&world->db, token, &account, &job, &world->err))
		return account.id > 0 ? job : -1;
	assert_int_equal(world->err.kind, ERROR_NOT_FOUND);
	assert_int_equal(account.id, 0);
	return 0;
}

#define VIEWS(world) world_integer(world, "SELECT count(*) FROM view")

static void
test_token_shows_its_job_until_the_hour_is_over(void **state)
{
	struct world *world = *state;
	int64_t alice = world_account(world, "alice").id, bob = world_account(world, "bob").id;
	int64_t of_alice = make_job(world, alice), of_bob = make_job(world, bob), erased = 0, ended;
	char a[TOKEN_TEXT], b[TOKEN_TEXT];

	open_view(world, alice, of_alice, a);
	open_view(world, bob, of_bob, b);
	assert_int_equal(shown(world, a), of_alice);
	assert_int_equal(shown(world, b), of_bob);
	assert_int_equal(shown(world, ""), 0);
	assert_int_equal(shown(world, "' OR 1 = 1"), 0);
	a[0] ^= 1;
	assert_int_equal(shown(world, a), 0);
	a[0] ^= 1;
	world_sql(world, "UPDATE view SET expires_at = expires_at - 3660000 WHERE account = 1");
	assert_int_equal(shown(world, a), 0);
	assert_int_equal(shown(world, b), of_bob);
	must(view_count_ended(&world->db, &ended, &world->err), &world->err);
	assert_int_equal(ended, 1);
	must(view_erase_ended(&world->db, 10, &erased, &world->err), &world->err);
	assert_int_equal(erased, 1);
	assert_int_equal(VIEWS(world), 1);
}

static void
test_next_view_removes_ended_ones(void **state)
{
	struct world *world = *state;
	int64_t alice = world_account(world, "alice").id, job = make_job(world, alice);
	char token[TOKEN_TEXT];

	open_view(world, alice, job, token);
	world_sql(world, "UPDATE view SET expires_at = 1");
	open_view(world, alice, job, token);
	assert_int_equal(VIEWS(world), 1);
	assert_int_equal(shown(world, token), job);
}

static void
test_account_has_only_so_many_views_and_the_oldest_goes(void **state)
{
	struct world *world = *state;
	int64_t alice = world_account(world, "alice").id, bob = world_account(world, "bob").id;
	int64_t job = make_job(world, alice), other = make_job(world, bob);
	char first[TOKEN_TEXT], last[TOKEN_TEXT], of_bob[TOKEN_TEXT];

	open_view(world, bob, other, of_bob);
	open_view(world, alice, job, first);
	world_sql(world, "UPDATE view SET expires_at = expires_at - 1000");
	for (int i = 1; i < VIEWS_MOST; i++)
		open_view(world, alice, job, last);
	assert_int_equal(shown(world, first), job);
	open_view(world, alice, job, last);
	assert_int_equal(VIEWS(world), VIEWS_MOST + 1);
	assert_int_equal(shown(world, first), 0);
	assert_int_equal(shown(world, last), job);
	assert_int_equal(shown(world, of_bob), other);
}

static void
test_view_ends_with_what_its_account_may_do(void **state)
{
	struct world *world = *state;
	int64_t alice = world_account(world, "alice").id, job = make_job(world, alice);
	char token[TOKEN_TEXT];

	open_view(world, alice, job, token);
	world_sql(world, "UPDATE account SET disabled = 1");
	assert_int_equal(shown(world, token), 0);
	world_sql(world, "UPDATE account SET disabled = 0");
	assert_int_equal(shown(world, token), job);
	must(account_set_disabled(&world->db, alice, true, &world->err), &world->err);
	must(account_set_disabled(&world->db, alice, false, &world->err), &world->err);
	assert_int_equal(shown(world, token), 0);
	open_view(world, alice, job, token);
	must(account_set_password(&world->db, alice, "hash", "session", &world->err), &world->err);
	assert_int_equal(shown(world, token), 0);
	open_view(world, alice, job, token);
	world_sql(world, "DELETE FROM job");
	assert_int_equal(VIEWS(world), 0);
}

static void
test_views_token_is_not_in_the_database(void **state)
{
	struct world *world = *state;
	int64_t alice = world_account(world, "alice").id, found = -1;
	char token[TOKEN_TEXT];

	open_view(world, alice, make_job(world, alice), token);
	assert_int_equal(
	    database_integer(&world->db, &found, &world->err,
		"SELECT count(*) FROM view WHERE instr(hash, CAST(? AS BLOB)) > 0 /*scan*/",
		VALUES(T(token))),
	    1);
	assert_int_equal(found, 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_token_shows_its_job_until_the_hour_is_over),
		test(test_next_view_removes_ended_ones),
		test(test_account_has_only_so_many_views_and_the_oldest_goes),
		test(test_view_ends_with_what_its_account_may_do),
		test(test_views_token_is_not_in_the_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
