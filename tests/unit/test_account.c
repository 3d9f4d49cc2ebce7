/*
 * Registration, confirmation, passwords.
 */
#include "password.h"
#include "support.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "session.h"

static void
test_logins_that_may_be_chosen(void **state)
{
	static const struct {
		const char *login;
		bool valid;
	} rows[] = {
		{ "a", true },
		{ "7", true },
		{ "alice", true },
		{ "Alice.Liddell-2_x", true },
		{ "a123456789a123456789a123456789a123456789a123456789a123456789abcd", true },
		{ "a123456789a123456789a123456789a123456789a123456789a123456789abcde", false },
		{ "", false },
		{ ".a", false },
		{ "-a", false },
		{ "_a", false },
		{ "a b", false },
		{ "a@b", false },
		{ "a/b", false },
		{ "a'b", false },
		{ "a\n", false },
		{ "caf\xc3\xa9", false },
	};
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool valid = account_login_check(rows[i].login, &err);

		row_check(failed, valid == rows[i].valid, "'%s'", rows[i].login);
		row_check(failed, valid || err.kind == ERROR_INPUT, "'%s'", rows[i].login);
	}
	rows_end(failed);
}

static void
test_email_addresses_and_passwords_that_may_be_chosen(void **state)
{
	static char most[PASSWORD_MOST + 2];
	struct error err;

	(void)state;
	assert_true(account_email_check("a@example.org", &err));
	assert_false(account_email_check("", &err));
	assert_false(account_email_check("a@example.org\r\nBcc: all", &err));
	assert_true(account_email_check("caf\xc3\xa9@example.org", &err));
	assert_false(account_email_check("caf\xe9@example.org", &err));
	memset(most, 'x', EMAIL_MOST);
	assert_true(account_email_check(most, &err));
	most[EMAIL_MOST] = 'x';
	assert_false(account_email_check(most, &err));
	assert_true(account_password_check("password", "secret", &err));
	assert_false(account_password_check("new_password", "secre", &err));
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_memory_equal(err.text, "new_password: ", 14);
	memset(most, 'x', PASSWORD_MOST);
	assert_true(account_password_check("password", most, &err));
	most[PASSWORD_MOST] = 'x';
	assert_false(account_password_check("password", most, &err));
}

static bool
is_confirmed(struct world *world, const char *login)
{
	char hash[PASSWORD_HASH];
	struct account account;
	bool confirmed = true;

	must(account_find(&world->db, login, &account, hash, &confirmed, &world->err), &world->err);
	return confirmed;
}

static void
test_account_is_confirmed_once_by_its_own_token(void **state)
{
	struct world *world = *state;
	struct account made;
	char alice[TOKEN_TEXT], bob[TOKEN_TEXT];

	must(account_register(&world->db, "alice", "a@example.org", "h", &made, alice, &world->err),
	    &world->err);
	must(account_register(&world->db, "bob", "b@example.org", "h", &made, bob, &world->err),
	    &world->err);
	assert_string_not_equal(alice, bob);
	assert_false(is_confirmed(world, "alice"));
	assert_false(account_confirm(&world->db, "alice", bob, &made, &world->err));
	assert_int_equal(world->err.kind, ERROR_NOT_FOUND);
	assert_false(account_confirm(&world->db, "alice", "", &made, &world->err));
	assert_false(account_confirm(&world->db, "carol", alice, &made, &world->err));
	assert_int_equal(world->err.kind, ERROR_NOT_FOUND);
	assert_false(is_confirmed(world, "alice"));
	must(account_confirm(&world->db, "ALICE", alice, &made, &world->err), &world->err);
	assert_true(is_confirmed(world, "alice"));
	assert_false(is_confirmed(world, "bob"));
	assert_false(account_confirm(&world->db, "alice", alice, &made, &world->err));
	assert_int_equal(world->err.kind, ERROR_NOT_FOUND);
	assert_true(is_confirmed(world, "alice"));
}

static void
test_login_is_one_whatever_its_case(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "Alice");
	char token[TOKEN_TEXT], hash[PASSWORD_HASH];
	struct account found;
	bool confirmed;

	assert_false(account_register(&world->db, "aLICE", "x@example.org", "h", &found, token,
	    &world->err));
	assert_int_equal(world->err.kind, ERROR_CONFLICT);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM account"), 1);
	must(account_find(&world->db, "ALICE", &found, hash, &confirmed, &world->err), &world->err);
	assert_int_equal(found.id, alice.id);
	assert_string_equal(found.login, "Alice");
	assert_string_equal(hash, "no hash");
	assert_false(found.admin);
}

static void
test_nobody_is_found_as_nobody(void **state)
{
	struct world *world = *state;
	char hash[PASSWORD_HASH] = "what was there";
	struct account account = { .id = 7, .admin = true };
	bool confirmed = true;

	must(account_find(&world->db, "nobody", &account, hash, &confirmed, &world->err),
	    &world->err);
	assert_int_equal(account.id, 0);
	assert_false(account.admin);
	assert_false(confirmed);
	assert_string_equal(hash, "");
}

static void
test_token_of_confirmation_is_not_in_the_database(void **state)
{
	struct world *world = *state;
	struct account made;
	char token[TOKEN_TEXT];
	unsigned char hash[TOKEN_HASH];
	int64_t found = 0;

	must(account_register(&world->db, "alice", "a@example.org", "h", &made, token, &world->err),
	    &world->err);
	secret_hash_token(token, hash);
	assert_int_equal(
	    database_integer(&world->db, &found, &world->err,
		"SELECT count(*) FROM account WHERE login = 'alice' AND confirm_hash = ?", VALUES(B(hash, TOKEN_HASH))),
	    1);
	assert_int_equal(found, 1);
	assert_memory_not_equal(hash, token, TOKEN_HASH);
}

static void
test_details_count_the_accounts_own_jobs(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice"),
			     bob = world_account(world, "bob");
	struct account_details details;

	(void)world_image(world, alice.id);
	(void)world_pipeline(world, alice.id, 1, "stop");
	must(account_read(&world->db, alice.id, &details, &world->err), &world->err);
	assert_int_equal(details.jobs_in_queue + details.jobs_running, 0);
	world_sql(world,
	    "WITH RECURSIVE series (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM series WHERE value < 20)"
	    " INSERT INTO job (pipeline, account, image, position, state, network, timeout, grace, memory, cpus, pids,"
	    " disk, attachment_token, created_at) SELECT 1, 1, 1, value, iif(value < 3, 'in_queue',"
	    " iif(value < 6, 'running', iif(value < 10, 'done', 'ready'))), 'none', 1, 1, 1, 1, 1, 1, 't', 1"
	    " FROM series");
	must(account_read(&world->db, alice.id, &details, &world->err), &world->err);
	assert_string_equal(details.email, "a@example.org");
	assert_int_equal(details.jobs_in_queue, 2);
	assert_int_equal(details.jobs_running, 3);
	assert_true(details.created_at > 0);
	must(account_read(&world->db, bob.id, &details, &world->err), &world->err);
	assert_int_equal(details.jobs_in_queue + details.jobs_running, 0);
	assert_false(account_read(&world->db, 99, &details, &world->err));
	assert_int_equal(world->err.kind, ERROR_NOT_FOUND);
}

static bool
session_is_open(struct world *world, const char *token)
{
	struct account account;

	must(session_find(&world->db, token, 30, &account, &world->err), &world->err);
	return account.id != 0;
}

static void
test_new_password_ends_all_other_sessions_of_the_account(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice"),
			     bob = world_account(world, "bob");
	char kept[TOKEN_TEXT], other[TOKEN_TEXT], of_bob[TOKEN_TEXT], hash[PASSWORD_HASH];
	struct account found;
	bool confirmed;

	must(session_open(&world->db, alice.id, 30, kept, &world->err), &world->err);
	must(session_open(&world->db, alice.id, 30, other, &world->err), &world->err);
	must(session_open(&world->db, bob.id, 30, of_bob, &world->err), &world->err);
	must(account_set_password(&world->db, alice.id, "new hash", kept, &world->err),
	    &world->err);
	assert_true(session_is_open(world, kept));
	assert_false(session_is_open(world, other));
	assert_true(session_is_open(world, of_bob));
	must(account_find(&world->db, "alice", &found, hash, &confirmed, &world->err), &world->err);
	assert_string_equal(hash, "new hash");
	must(account_find(&world->db, "bob", &found, hash, &confirmed, &world->err), &world->err);
	assert_string_equal(hash, "no hash");
}

static bool
is_right(const char *password, const char *hash)
{
	struct error err;
	bool right = false;

	must(password_verify(password, hash, &right, &err), &err);
	return right;
}

static void
test_password_is_verified_by_its_hash_alone(void **state)
{
	struct world *world = *state;
	char hash[PASSWORD_HASH], again[PASSWORD_HASH];

	must(password_hash("secret", hash, &world->err), &world->err);
	must(password_hash("secret", again, &world->err), &world->err);
	assert_string_not_equal(hash, again);
	assert_memory_equal(hash, "$argon2id$", 10);
	assert_true(is_right("secret", hash));
	assert_false(is_right("Secret", hash));
	assert_false(is_right("", hash));
	assert_false(is_right("secret", NULL));
	assert_false(is_right("secret", ""));
	assert_false(is_right("secret", "no hash"));
	hash[strlen(hash) / 2] = '!';
	assert_false(is_right("secret", hash));
}

/* Leaves the process less memory than a hash takes. */
static void
take_memory(void)
{
	cleanup_file FILE *file = fopen("/proc/self/statm", "re");
	long long pages = 0;
	struct rlimit limit;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lld", &pages), 1);
	limit.rlim_cur = limit.rlim_max =
	    (rlim_t)(pages * sysconf(_SC_PAGESIZE) + (INT64_C(16) << 20));
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
}

/* What became of a hash and of a verification in a process without memory; 0: as it shall be. */
static int
status_without_memory(const char *password, const char *hash)
{
	char made[PASSWORD_HASH];
	struct error err = { .kind = ERROR_NONE };
	bool right = false;
	int wrong = 0;

	take_memory();
	if (password_verify(password, hash, &right, &err) || err.kind != ERROR_BUSY ||
	    strstr(err.text, "not enough memory") == NULL)
		wrong |= 1;
	if (password_hash(password, made, &err) || err.kind != ERROR_BUSY)
		wrong |= 2;
	return wrong;
}

static void
test_lack_of_memory_is_no_wrong_password(void **state)
{
#ifdef __SANITIZE_ADDRESS__
	(void)state;
	(void)status_without_memory;
	skip(); /* its shadow takes more than any limit */
#else
	static const char *const passwords[] = { "secret", "wrong" };
	struct world *world = *state;
	char hash[PASSWORD_HASH];

	must(password_hash("secret", hash, &world->err), &world->err);
	for (size_t i = 0; i < COUNT(passwords); i++)
		for (int known = 0; known <= 1; known++) {
			pid_t child = fork();
			int status = -1;

			if (child == 0)
				_exit(status_without_memory(passwords[i], known ? hash : NULL));
			assert_int_equal(waitpid(child, &status, 0), child);
			assert_int_equal(status, 0);
		}
#endif
}

static void
test_account_that_is_added_needs_no_confirmation(void **state)
{
	struct world *world = *state;
	struct account account;
	char hash[PASSWORD_HASH];
	bool confirmed = false;

	must(account_add(&world->db, "root", "", "its hash", true, &world->err), &world->err);
	must(account_find(&world->db, "ROOT", &account, hash, &confirmed, &world->err),
	    &world->err);
	assert_true(confirmed && account.admin && !account.disabled);
	assert_string_equal(hash, "its hash");
	assert_false(account_add(&world->db, "Root", "", "x", false, &world->err));
	assert_int_equal(world->err.kind, ERROR_CONFLICT);
}

static void
test_disabled_account_has_no_session(void **state)
{
	struct world *world = *state;
	struct account alice = world_account(world, "alice"), bob = world_account(world, "bob");
	struct account found;
	char token[TOKEN_TEXT], other[TOKEN_TEXT], hash[PASSWORD_HASH];
	bool confirmed;

	must(session_open(&world->db, alice.id, 30, token, &world->err), &world->err);
	must(session_open(&world->db, bob.id, 30, other, &world->err), &world->err);
	must(account_set_disabled(&world->db, alice.id, true, &world->err), &world->err);
	must(account_find(&world->db, "alice", &found, hash, &confirmed, &world->err), &world->err);
	assert_true(found.disabled);
	must(session_find(&world->db, token, 30, &found, &world->err), &world->err);
	assert_int_equal(found.id, 0);
	/* One that was opened in the same moment does not help either. */
	must(session_open(&world->db, alice.id, 30, token, &world->err), &world->err);
	must(session_find(&world->db, token, 30, &found, &world->err), &world->err);
	assert_int_equal(found.id, 0);
	must(session_find(&world->db, other, 30, &found, &world->err), &world->err);
	assert_int_equal(found.id, bob.id);
}

static void
test_unconfirmed_accounts_go_if_they_own_nothing(void **state)
{
	struct world *world = *state;
	struct account made;
	struct account kept = world_account(world, "confirmed");
	char token[TOKEN_TEXT];
	int64_t count = 0;

	for (int i = 0; i < 5; i++) {
		char login[16];

		snprintf(login, sizeof login, "u%d", i);
		must(account_register(&world->db, login, "a@example.org", "x", &made, token,
			 &world->err),
		    &world->err);
	}
	world_sql(world, "UPDATE account SET created_at = id");
	(void)world_image(world, world_integer(world, "SELECT id FROM account WHERE login = 'u1'"));
	(void)world_pipeline(world,
	    world_integer(world, "SELECT id FROM account WHERE login = 'u2'"), 1, "stop");
	must(account_count_unconfirmed(&world->db, 6, &count, &world->err), &world->err);
	assert_int_equal(count, 2); /* u0 and u3; u4 is younger */
	must(account_erase_unconfirmed(&world->db, 6, 1, &count, &world->err), &world->err);
	assert_int_equal(count, 1);
	must(account_erase_unconfirmed(&world->db, 6, 9, &count, &world->err), &world->err);
	assert_int_equal(count, 1);
	assert_int_equal(world_integer(world,
			     "SELECT group_concat(login) = 'confirmed,u1,u2,u4' FROM"
			     " (SELECT login FROM account ORDER BY id)"),
	    1);
	assert_int_equal(world_integer(world, "PRAGMA foreign_keys"), 1);
	assert_int_equal(kept.id, 1);
}

static void
test_limits_are_listed_and_taken_back(void **state)
{
	struct world *world = *state;
	struct account account = world_account(world, "alice");
	char hash[PASSWORD_HASH], sql[256];
	bool confirmed;

	for (enum account_limit i = 0; i < ACCOUNT_LIMITS; i++) {
		assert_int_equal(account.limits[i], -1);
		must(account_set_limit(&world->db, account.id, i, (int64_t)i, &world->err),
		    &world->err);
	}
	must(account_find(&world->db, "alice", &account, hash, &confirmed, &world->err),
	    &world->err);
	for (enum account_limit i = 0; i < ACCOUNT_LIMITS; i++)
		assert_int_equal(account.limits[i], i);
	snprintf(sql, sizeof sql,
	    "SELECT queued_max = %d AND running_max = %d AND builds_max = %d AND kept_max = %d"
	    " AND storage_max = %d AND file_max = %d AND request_max = %d FROM account",
	    LIMIT_QUEUED, LIMIT_RUNNING, LIMIT_BUILDS, LIMIT_KEPT, LIMIT_STORAGE, LIMIT_FILE,
	    LIMIT_REQUEST);
	assert_int_equal(world_integer(world, sql), 1);
	must(account_set_limit(&world->db, account.id, LIMIT_RUNNING, -1, &world->err),
	    &world->err);
	assert_int_equal(world_integer(world, "SELECT running_max IS NULL FROM account"), 1);
}

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logins_that_may_be_chosen),
		cmocka_unit_test(test_email_addresses_and_passwords_that_may_be_chosen),
		test(test_account_is_confirmed_once_by_its_own_token),
		test(test_login_is_one_whatever_its_case),
		test(test_nobody_is_found_as_nobody),
		test(test_token_of_confirmation_is_not_in_the_database),
		test(test_details_count_the_accounts_own_jobs),
		test(test_new_password_ends_all_other_sessions_of_the_account),
		test(test_password_is_verified_by_its_hash_alone),
		test(test_lack_of_memory_is_no_wrong_password),
		test(test_account_that_is_added_needs_no_confirmation),
		test(test_disabled_account_has_no_session),
		test(test_unconfirmed_accounts_go_if_they_own_nothing),
		test(test_limits_are_listed_and_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
