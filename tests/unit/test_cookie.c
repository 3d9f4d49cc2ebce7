/*
 * Which of a browser's cookies is ours.
 */
#include "support.h"

#include "fcgi/cookie.h"

static void
test_the_first_cookie_of_that_name_counts(void **state)
{
	static const struct {
		const char *header, *value;
	} rows[] = {
		{ "", "" },
		{ "session=a", "a" },
		{ "session=", "" },
		{ "session", "" },
		{ "x=y; session=a", "a" },
		{ "x=y;session=a; z=1", "a" },
		{ "session=a; session=b", "a" },
		{ "xsession=a", "" },
		{ "sessionx=a", "" },
		{ "Session=a", "" },
		{ "x=session=a", "" },
		{ "session=a=b", "a=b" },
		{ ";; ;session=a", "a" },
		{ "session=1234567", "1234567" },
		{ "session=12345678", "" },
		{ "session=12345678; session=a", "" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char value[8] = "before";

		cookie_find(rows[i].header, "session", value, sizeof value);
		row_check(failed, strcmp(value, rows[i].value) == 0, "'%s': '%s'", rows[i].header,
		    value);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_cookie_of_that_name_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
