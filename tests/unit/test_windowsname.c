/*
 * The names that Windows can hold.
 */
#include "support.h"

#include "daemon/spooler/windowsname.h"

static void
test_name_is_held_against_the_rules_of_windows(void **state)
{
	static const struct {
		const char *name;
		bool fits;
	} rows[] = {
		{ "a.csv", true },
		{ ".hidden", true },
		{ "a b", true },
		{ " a", true },
		{ "caf\xc3\xa9", true },
		{ "a'b;c,d=e+f&g%h!i#j@k$l(m)n[o]p{q}r~s`t^u-v_w", true },
		{ "2026-11-28T10:15.log", false },
		{ "a?", false },
		{ "a*", false },
		{ "a<b", false },
		{ "a>b", false },
		{ "a|b", false },
		{ "a\"b", false },
		{ "a\\b", false },
		{ "a\nb", false },
		{ "a\x1f", false },
		{ "a.", false },
		{ "a ", false },
		{ "...", false },
		{ "con", false },
		{ "CON", false },
		{ "Con.txt", false },
		{ "nul.tar.gz", false },
		{ "aux .c", false },
		{ "prn", false },
		{ "com1", false },
		{ "LPT9.log", false },
		{ "conin$", false },
		{ "com", true },
		{ "com10", true },
		{ "comx", true },
		{ "console", true },
		{ "a.con", true },
		{ "auxiliary.c", true },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed, windowsname_fits(rows[i].name) == rows[i].fits, "'%s'",
		    rows[i].name);
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_is_held_against_the_rules_of_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
