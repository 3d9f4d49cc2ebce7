/*
 * The manifest of a backup, and which names its members may have.
 */
#include "support.h"

#include "daemon/ctl/manifest.h"

static void
test_names_that_members_may_have(void **state)
{
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{ "kabuto.db", true },
		{ "MANIFEST", true },
		{ "inbox/0123/a", true },
		{ "inbox/0123/sub/a b", true },
		{ "inbox/0123/caf\xc3\xa9", true },
		{ "inbox/0123/..a", true },
		{ "inbox/0123/a..", true },
		{ "inbox/0123/...", true },
		{ "builds/7/", true },
		{ "builds/7/context/", true },
		{ "builds/7/context/sub/Dockerfile", true },
		{ "builds/7/output", true },
		{ "results/0123.zip", true },
		{ "logs/1.1.log", true },
		{ "", false },
		{ "/", false },
		{ "/etc/passwd", false },
		{ "kabuto.db/", false },
		{ "kabuto.db-wal", false },
		{ "./kabuto.db", false },
		{ "..", false },
		{ "../kabuto.db", false },
		{ "inbox", false },
		{ "inbox/", false },
		{ "inbox/.", false },
		{ "inbox/..", false },
		{ "inbox/../kabuto.db", false },
		{ "inbox/0123/../../lock", false },
		{ "inbox/0123//a", false },
		{ "inbox//etc/passwd", false },
		{ "inbox/0123/a\n", false },
		{ "inbox/0123/\x7f", false },
		{ "inbox/0123/\xff", false },
		{ "results/sub/0123.zip", false },
		{ "results/../kabuto.db", false },
		{ "logs/", false },
		{ "logs/1.1.log/", false },
		{ "run/1.1/usage", false },
		{ "incoming/x", false },
		{ "lock", false },
		{ "bin/kabuto-init", false },
		{ "resultsx/a", false },
	};
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool valid = manifest_name_check(rows[i].name, &err);

		row_check(failed, valid == rows[i].valid, "'%s'", rows[i].name);
		row_check(failed, valid || err.kind == ERROR_INPUT, "'%s'", rows[i].name);
	}
	rows_end(failed);
}

static void
test_names_that_are_too_long(void **state)
{
	char name[8192] = "inbox/0123/";
	size_t length = strlen(name);
	struct error err;

	(void)state;
	memset(name + length, 'x', 255);
	assert_true(manifest_name_check(name, &err));
	name[length + 255] = 'x';
	assert_false(manifest_name_check(name, &err));
	for (size_t i = length; i < 4095; i += 2)
		memcpy(name + i, "x/", 3);
	name[4096] = '\0';
	assert_true(manifest_name_check(name, &err));
	memcpy(name + strlen(name), "x/", 3);
	assert_false(manifest_name_check(name, &err));
}

static void
add(struct manifest *manifest, const char *name, const char *content)
{
	struct error err;

	manifest_begin(manifest);
	manifest_update(manifest, content, strlen(content) / 2);
	manifest_update(manifest, content + strlen(content) / 2,
	    strlen(content) - strlen(content) / 2);
	must(manifest_end(manifest, name, &err), &err);
}

static void
test_manifest_has_hash_size_and_name_of_each_member(void **state)
{
	/* FIPS 180-4's examples, and of nothing. */
	static const char expected[] =
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 3 kabuto.db\n"
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 builds/1/\n"
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1 56 inbox/0/a b\n";
	struct manifest manifest = { 0 };
	struct error err;

	(void)state;
	add(&manifest, "kabuto.db", "abc");
	add(&manifest, "builds/1/", "");
	add(&manifest, "inbox/0/a b", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
	assert_int_equal(manifest.length, strlen(expected));
	assert_memory_equal(manifest.text, expected, manifest.length);
	must(manifest_check(&manifest, expected, strlen(expected), &err), &err);
	manifest_clear(&manifest);
}

static void
test_first_member_that_differs_is_named(void **state)
{
	static const struct {
		const char *first, *second, *named; /* contents of two members; who is blamed */
		bool third;
	} rows[] = {
		{ "one", "two", NULL, false },
		{ "onE", "two", "'first'", false },
		{ "one", "two!", "'second'", false },
		{ "on", "tw", "'first'", false },
		{ "one", "two", "'third'", true },
	};
	struct manifest theirs = { 0 };
	struct error err;
	int failed = 0;

	(void)state;
	add(&theirs, "first", "one");
	add(&theirs, "second", "two");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct manifest made = { 0 };
		bool same;

		err.text[0] = '\0';
		add(&made, "first", rows[i].first);
		add(&made, "second", rows[i].second);
		if (rows[i].third)
			add(&made, "third", "three");
		same = manifest_check(&made, theirs.text, theirs.length, &err);
		row_check(failed, same == (rows[i].named == NULL), "row %zu", i);
		row_check(failed, same || strstr(err.text, rows[i].named) != NULL, "%s", err.text);
		manifest_clear(&made);
	}
	rows_end(failed);
	manifest_clear(&theirs);
}

static void
test_members_that_are_missing_are_told(void **state)
{
	struct manifest theirs = { 0 }, made = { 0 };
	struct error err;

	(void)state;
	add(&theirs, "first", "one");
	add(&made, "first", "one");
	add(&theirs, "second", "two");
	assert_false(manifest_check(&made, theirs.text, theirs.length, &err));
	assert_non_null(strstr(err.text, "missing"));
	manifest_clear(&theirs);
	manifest_clear(&made);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_that_members_may_have),
		cmocka_unit_test(test_names_that_are_too_long),
		cmocka_unit_test(test_manifest_has_hash_size_and_name_of_each_member),
		cmocka_unit_test(test_first_member_that_differs_is_named),
		cmocka_unit_test(test_members_that_are_missing_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
