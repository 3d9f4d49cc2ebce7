/*
 * The words for a program that could not be started.
 */
#include "support.h"

#include "daemon/spooler/runexec.h"

static void
test_report_of_any_content_has_words(void **state)
{
	static const struct {
		struct usage usage;
		const char *words;
	} rows[] = {
		{ { 0 }, "" },
		{ { .exec_errno = 2 }, "the image has no program '/p'" },
		{ { .exec_errno = 2, .exec_detail = "/w" },
		    "there is no program '/p' in the folder '/w'" },
		{ { .exec_errno = 12 },
		    "the program '/p' could not be started: Cannot allocate memory" },
		{ { .exec_errno = 99999 }, "the program '/p' could not be started: unknown error" },
		{ { .exec_errno = 4294967308 },
		    "the program '/p' could not be started: unknown error" },
		{ { .exec_errno = 999999999999999999 },
		    "the program '/p' could not be started: unknown error" },
		{ { .exec_reason = "empty", .exec_file = "%s%n" }, "'%s%n' is an empty file" },
		{ { .exec_reason = "no such reason" }, "" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[256];

		runexec_explain(text, sizeof text, &rows[i].usage, "/p");
		row_check(failed, strcmp(text, rows[i].words) == 0, "row %zu: %s", i, text);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_of_any_content_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
