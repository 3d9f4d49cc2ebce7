/*
 * Dockerfiles that need a context.
 */
#include "support.h"

#include "imagesource.h"

static void
test_line_that_copies_files_is_found(void **state)
{
	static const struct {
		const char *dockerfile;
		int line;
	} rows[] = {
		{ "", 0 },
		{ "FROM busybox", 0 },
		{ "FROM busybox\nRUN cp a b\n", 0 },
		{ "FROM busybox\nCOPY a b\n", 2 },
		{ "FROM busybox\n  copy a b", 2 },
		{ "FROM busybox\nAdd\ta b c/\n", 2 },
		{ "FROM busybox\r\nCOPY a b\r\n", 2 },
		{ "FROM busybox\nCOPY [\"a b\", \"c\"]\n", 2 },
		{ "FROM busybox\nCOPY --chown=1 --chmod=644 a b\n", 2 },
		{ "FROM a AS b\nFROM c\nCOPY --from=b /x /y\n", 0 },
		{ "FROM a AS b\nFROM c\nCOPY --from=b /x /y\nCOPY x y\n", 4 },
		{ "FROM a\nADD https://example.org/x /x\n", 0 },
		{ "FROM a\nADD https://example.org/x x /y\n", 2 },
		{ "FROM a\nADD git@example.org:x.git /x\n", 0 },
		{ "FROM a\n# COPY a b\n", 0 },
		{ "FROM a\nRUN true \\\n  COPY a b\n", 0 },
		{ "FROM a\nRUN true \\\n# a comment\n  && true\nCOPY a b\n", 5 },
		{ "FROM a\nCOPY \\\n  a \\\n  b\n", 2 },
		{ "FROM a\nCOPY <<EOF /x\nCOPY a b\nEOF\n", 0 },
		{ "FROM a\nRUN <<-\"EOF\"\n\tCOPY a b\n\tEOF\nCOPY c d\n", 5 },
		{ "FROM a\nCOPYING a b\n", 0 },
		{ "FROM a\nCOPY\n", 0 },
		{ "FROM a\nONBUILD COPY a b\n", 0 }, /* copies only in a later build */
		{ "FROM a\nRUN true \\", 0 },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed, imagesource_copies(rows[i].dockerfile) == rows[i].line, "%s: %d",
		    rows[i].dockerfile, imagesource_copies(rows[i].dockerfile));
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_that_copies_files_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
