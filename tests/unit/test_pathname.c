/*
 * Names that come from others.
 */
#include "support.h"

#include "pathname.h"

#define FIFTY "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define LONG  FIFTY FIFTY FIFTY FIFTY FIFTY "12345" /* 255 bytes */

static void
test_names_that_a_file_may_have(void **state)
{
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{ "a", true },
		{ "a.csv", true },
		{ "a b.csv", true },
		{ ".hidden", true },
		{ "...", true },
		{ "..a", true },
		{ "a..", true },
		{ "a/b/c", true },
		{ "-rf", true },
		{ "a\\b", true },
		{ "C:a", true },
		{ "C:\\a", false },
		{ "c:/a", false },
		{ "\\\\server\\a", false },
		{ "1:\\a", true },
		{ "caf\xc3\xa9.txt", true },
		{ "*?<>|\"'", true },
		{ LONG, true },
		{ LONG "/" LONG "/" LONG "/" LONG "x", false },
		{ LONG "/" LONG "/" LONG "/" LONG, true },
		{ LONG "/" LONG "/" LONG "/" LONG "/x", false },
		{ LONG "x", false },
		{ "", false },
		{ ".", false },
		{ "..", false },
		{ "/", false },
		{ "/a", false },
		{ "/etc/passwd", false },
		{ "a/", false },
		{ "a//b", false },
		{ "a/./b", false },
		{ "a/../b", false },
		{ "../a", false },
		{ "a/..", false },
		{ "a/.", false },
		{ "./a", false },
		{ "a\nb", false },
		{ "a\tb", false },
		{ "a\x7f", false },
		{ "\x01", false },
		{ "a\xff", false },
		{ "a\xc3", false },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { .kind = ERROR_NONE };
		bool valid = pathname_check(rows[i].name, &err);

		row_check(failed, valid == rows[i].valid, "'%s'", rows[i].name);
		row_check(failed, valid || err.kind == ERROR_INPUT, "'%s'", rows[i].name);
	}
	rows_end(failed);
}

static void
test_link_stays_within_whatever_other_links_are(void **state)
{
	static const struct {
		const char *target;
		int depth;
		bool within;
	} rows[] = {
		{ "a", 0, true },
		{ "a/b", 0, true },
		{ "./a", 0, true },
		{ "a//b", 0, true },
		{ "../a", 1, true },
		{ "../../a", 2, true },
		{ "./../a", 1, true },
		{ "...", 0, true },
		{ "..a", 0, true },
		{ "", 0, false },
		{ ".", 0, false },
		{ "..", 1, false },
		{ "../", 1, false },
		{ "/", 0, false },
		{ "/etc/passwd", 5, false },
		{ "../a", 0, false },
		{ "../../a", 1, false },
		{ "a/..", 0, false },
		{ "a/../b", 1, false },
		{ "../a/../b", 1, false },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed,
		    pathname_stays_within(rows[i].target, rows[i].depth) == rows[i].within,
		    "'%s' at %d", rows[i].target, rows[i].depth);
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_that_a_file_may_have),
		cmocka_unit_test(test_link_stays_within_whatever_other_links_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
