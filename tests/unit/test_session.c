/*
 * Sessions, and the counters of failed log-ins.
 */
#include "authenticate.h"
#include "clock.h"
#include "login.h"
#include "password.h"
#include "support.h"

#include "session.h"
#include "token.h"

#define DAYS 30
#define HOME "192.0.2.1"
#define AWAY "192.0.2.2"

/* Whose session token is; 0: nobody's. */
static int64_t
owner(struct world *world, const char *token)
{
	struct account account = { .id = 77 };

	must(session_find(&world->db, token, DAYS, &account, &world->err), &world->err);
	return account.id;
}

static void
test_session_tells_whose_it_is_until_it_ends(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "Alice"),
			     bob = world_account(world, "bob");
	char of_alice[TOKEN_TEXT], of_bob[TOKEN_TEXT];
	struct account found;

	world_sql(world, "UPDATE account SET admin = 1 WHERE login = 'bob'");
	must(session_open(&world->db, alice.id, DAYS, of_alice, &world->err), &world->err);
	must(session_open(&world->db, bob.id, DAYS, of_bob, &world->err), &world->err);
	must(session_find(&world->db, of_alice, DAYS, &found, &world->err), &world->err);
	assert_int_equal(found.id, alice.id);
	assert_string_equal(found.login, "Alice");
	assert_false(found.admin);
	must(session_find(&world->db, of_bob, DAYS, &found, &world->err), &world->err);
	assert_true(found.id == bob.id && found.admin);
	must(session_end(&world->db, of_alice, &world->err), &world->err);
	must(session_end(&world->db, of_alice, &world->err), &world->err);
	assert_int_equal(owner(world, of_alice), 0);
	assert_int_equal(owner(world, of_bob), bob.id);
}

static void
test_token_that_is_nobodys_is_nobodys(void **state)
{
	static const char *const tokens[] = { "", "x", "' OR 1 = 1",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	char token[TOKEN_TEXT];
	int failed = 0;

	must(session_open(&world->db, alice.id, DAYS, token, &world->err), &world->err);
	for (size_t i = 0; i < COUNT(tokens); i++)
		row_check(failed, owner(world, tokens[i]) == 0, "'%s'", tokens[i]);
	token[0] ^= 1;
	row_check(failed, owner(world, token) == 0, "one bit of it changed");
	rows_end(failed);
}

/* Lets the sessions have been used so many milliseconds earlier. */
static void
age_sessions(struct world *world, int64_t ms)
{
	char sql[96];

	snprintf(sql, sizeof sql, "UPDATE session SET used_at = used_at - %lld", (long long)ms);
	world_sql(world, sql);
}

static void
test_idle_session_ends_and_is_removed_by_the_next(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	char old[TOKEN_TEXT], used[TOKEN_TEXT];

	must(session_open(&world->db, alice.id, DAYS, old, &world->err), &world->err);
	age_sessions(world, DAYS * DAY_MS + 1);
	assert_int_equal(owner(world, old), 0);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM session"), 1);
	must(session_open(&world->db, alice.id, DAYS, used, &world->err), &world->err);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM session"), 1);
	assert_int_equal(owner(world, used), alice.id);
}

static void
test_use_is_noted_once_an_hour_and_keeps_a_session_open(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	char token[TOKEN_TEXT];
	int64_t noted;

	must(session_open(&world->db, alice.id, DAYS, token, &world->err), &world->err);
	age_sessions(world, 30 * 60 * MS_PER_S);
	noted = world_integer(world, "SELECT used_at FROM session");
	assert_int_equal(owner(world, token), alice.id);
	assert_int_equal(world_integer(world, "SELECT used_at FROM session"), noted);
	age_sessions(world, DAYS * DAY_MS - 60 * 60 * MS_PER_S);
	assert_int_equal(owner(world, token), alice.id);
	assert_true(world_integer(world, "SELECT used_at FROM session") > noted);
	age_sessions(world, DAYS * DAY_MS - 60 * MS_PER_S);
	assert_int_equal(owner(world, token), alice.id);
}

static void
test_sessions_token_is_not_in_the_database(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	char token[TOKEN_TEXT];
	int64_t found = 0;

	must(session_open(&world->db, alice.id, DAYS, token, &world->err), &world->err);
	assert_int_equal(strlen(token), TOKEN_TEXT - 1);
	assert_int_equal(strspn(token,
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
	    TOKEN_TEXT - 1);
	assert_int_equal(
	    database_integer(&world->db, &found, &world->err,
		"SELECT count(*) FROM session WHERE instr(hash, CAST(? AS BLOB)) > 0 /*scan*/", VALUES(T(token))),
	    1);
	assert_int_equal(found, 0);
}

/* Log-ins */

static bool
attempt(struct world *world, const char *login, const char *address)
{
	return login_allowed(&world->db, login, address, 3, 5, &world->err) &&
	    login_failed(&world->db, 0, login, address, 3, 5, &world->err);
}

static void
test_login_has_its_share_of_attempts(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 3; i++)
		assert_true(attempt(world, "alice", HOME));
	for (int i = 0; i < 2; i++) {
		assert_false(attempt(world, "alice", AWAY));
		assert_int_equal(world->err.kind, ERROR_TOO_MANY);
		assert_in_range(world->err.retry_after_s, 14 * 60, 15 * 60 + 1);
	}
	assert_false(attempt(world, "ALICE", HOME));
	assert_true(attempt(world, "bob", HOME));
}

static void
test_address_has_its_share_whatever_the_login(void **state)
{
	static const char *const logins[] = { "a", "b", "c", "d", "e" };
	struct world *world = *state;

	for (size_t i = 0; i < COUNT(logins); i++)
		assert_true(attempt(world, logins[i], HOME));
	assert_false(attempt(world, "f", HOME));
	assert_int_equal(world->err.kind, ERROR_TOO_MANY);
	assert_true(attempt(world, "f", AWAY));
}

static void
test_refused_attempt_does_not_count_for_the_other_subject(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 3; i++)
		assert_true(attempt(world, "alice", AWAY));
	for (int i = 0; i < 10; i++)
		assert_false(attempt(world, "alice", HOME));
	/* Who is kept from guessing alice's password may still log in. */
	for (int i = 0; i < 3; i++)
		assert_true(attempt(world, "bob", HOME));
}

static void
test_right_password_forgets_the_logins_failures(void **state)
{
	struct world *world = *state;

	for (int round = 0; round < 10; round++) {
		assert_true(login_allowed(&world->db, "alice", HOME, 3, 5, &world->err));
		must(login_succeeded(&world->db, "Alice", &world->err), &world->err);
	}
	assert_true(attempt(world, "alice", HOME));
	assert_true(attempt(world, "alice", HOME));
	assert_true(attempt(world, "alice", HOME));
	must(login_succeeded(&world->db, "alice", &world->err), &world->err);
	/* Three of the address remain: the share is 5. */
	assert_true(attempt(world, "a", HOME));
	assert_true(attempt(world, "b", HOME));
	assert_false(attempt(world, "c", HOME));
}

static void
test_attempts_are_forgotten_after_15_minutes(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 3; i++)
		assert_true(attempt(world, "alice", HOME));
	world_sql(world, "UPDATE login_failure SET started_at = started_at - 14 * 60 * 1000");
	assert_false(attempt(world, "alice", HOME));
	assert_in_range(world->err.retry_after_s, 1, 61);
	world_sql(world, "UPDATE login_failure SET started_at = started_at - 60 * 1000 - 1");
	for (int i = 0; i < 3; i++)
		assert_true(attempt(world, "alice", HOME));
	assert_false(attempt(world, "alice", HOME));
}

static void
test_login_and_address_of_one_text_are_two_subjects(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 3; i++)
		assert_true(attempt(world, HOME, AWAY));
	for (int i = 0; i < 5; i++)
		assert_true(attempt(world, i % 2 == 0 ? "x" : "y", HOME));
}

static void
test_address_registers_its_share(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 3; i++)
		assert_true(login_register(&world->db, HOME, 3, &world->err));
	assert_false(login_register(&world->db, HOME, 3, &world->err));
	assert_int_equal(world->err.kind, ERROR_TOO_MANY);
	assert_true(login_register(&world->db, AWAY, 3, &world->err));
	assert_true(attempt(world, "alice", HOME));
}

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

static void
test_nobody_has_the_configurations_limits(void **state)
{
	struct world *world = *state;
	struct account session = { .id = 7 }, token = { .id = 7 }, login = { .id = 7 };
	char hash[PASSWORD_HASH];
	bool confirmed;
	int64_t id;

	must(session_find(&world->db, "none", DAYS, &session, &world->err), &world->err);
	must(token_find(&world->db, "none", &token, &id, &world->err), &world->err);
	must(account_find(&world->db, "none", &login, hash, &confirmed, &world->err), &world->err);
	assert_int_equal(session.id, 0);
	for (int i = 0; i < ACCOUNT_LIMITS; i++) {
		assert_int_equal(session.limits[i], -1);
		assert_int_equal(token.limits[i], -1);
		assert_int_equal(login.limits[i], -1);
	}
}

static void
test_check_that_fails_leaves_the_caller_as_it_was(void **state)
{
	const struct config config = { .session_days = DAYS };
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");

	world_sql(world, "ALTER TABLE account RENAME TO away");
	for (int64_t token = 0; token < 2; token++) {
		struct caller caller = { .account = alice, .session = "x", .token = token };

		assert_false(authenticate_again(&world->db, &config, &caller, &world->err));
		assert_int_equal(caller.account.id, alice.id);
		assert_string_equal(caller.account.login, "alice");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_nobody_has_the_configurations_limits),
		test(test_session_tells_whose_it_is_until_it_ends),
		test(test_token_that_is_nobodys_is_nobodys),
		test(test_check_that_fails_leaves_the_caller_as_it_was),
		test(test_idle_session_ends_and_is_removed_by_the_next),
		test(test_use_is_noted_once_an_hour_and_keeps_a_session_open),
		test(test_sessions_token_is_not_in_the_database),
		test(test_login_has_its_share_of_attempts),
		test(test_address_has_its_share_whatever_the_login),
		test(test_refused_attempt_does_not_count_for_the_other_subject),
		test(test_right_password_forgets_the_logins_failures),
		test(test_attempts_are_forgotten_after_15_minutes),
		test(test_address_registers_its_share),
		test(test_login_and_address_of_one_text_are_two_subjects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
