/*
 * Which program of a shell line is examined, and how texts of files become one line. Each reason on
 * its own is in tests/e2e/test_inside.py. kabuto-init is built by a compiler of its own: the file
 * is included.
 */
#include "support.h"

#include "daemon/init/diagnosis.c"

static void
test_programs_of_a_shell_line(void **state)
{
	static const struct {
		const char *line;
		const char *reason; /* NULL: none; of the file ./bad */
	} rows[] = {
		{ "./bad", "interpreter" },
		{ "  ./bad --option < in > out", "interpreter" },
		{ "cd x && ./bad", "interpreter" },
		{ "a;./bad", "interpreter" },
		{ "a|./bad", "interpreter" },
		{ "(./bad)", "interpreter" },
		{ "a\n./bad\n", "interpreter" },
		{ "A=1 B=2 ./bad", "interpreter" },
		{ "exec ./bad", "interpreter" },
		{ "if ./bad; then b; fi", "interpreter" },
		{ "./good && ./bad", "interpreter" },
		{ "./locked", "mode" },
		{ "./BAD", "case" },
		{ "", NULL },
		{ "./good", NULL },
		{ "./plain", NULL }, /* the shell runs it itself */
		{ "./nothing", NULL },
		{ "bad", NULL },
		{ "echo ./bad", NULL },
		{ "echo '; ./bad'", NULL },
		{ "\"./bad\"", NULL },
		{ "$X/bad", NULL },
		{ "A=./bad", NULL },
		{ "# ./bad", NULL },
	};
	const struct folder *folder = *state;
	struct diagnosis diagnosis;
	int failed = 0;

	file_put(folder->fd, "bad", "#!/nowhere/sh\n", 14);
	file_put(folder->fd, "good", "#!/bin/sh\n", 10);
	file_put(folder->fd, "plain", "echo\n", 5);
	file_put(folder->fd, "locked", "#!/bin/sh\n", 10);
	assert_int_equal(fchmodat(folder->fd, "bad", 0755, 0), 0);
	assert_int_equal(fchmodat(folder->fd, "good", 0755, 0), 0);
	assert_int_equal(fchmodat(folder->fd, "plain", 0755, 0), 0);
	assert_int_equal(fchmodat(folder->fd, "locked", 0644, 0), 0);
	assert_int_equal(fchdir(folder->fd), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		diagnosis_find_in_line(&diagnosis, rows[i].line);
		row_check(failed,
		    rows[i].reason == NULL
			? diagnosis.reason == NULL
			: diagnosis.reason != NULL && strcmp(diagnosis.reason, rows[i].reason) == 0,
		    "%s: %s", rows[i].line, diagnosis.reason != NULL ? diagnosis.reason : "none");
	}
	assert_int_equal(chdir("/"), 0);
	rows_end(failed);
}

static void
test_texts_become_one_line_of_bounded_length(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "", "" },
		{ "/bin/sh\r", "/bin/sh\\r" },
		{ "a\nb", "a\\nb" },
		{ "\x01\x1b\x7f", "\\x01\\x1b\\x7f" },
		{ "ä", "ä" },
	};
	char large[1000], text[DIAGNOSIS_TEXT];
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		diagnosis_copy(text, rows[i].from);
		row_check(failed, strcmp(text, rows[i].to) == 0, "'%s'", text);
	}
	memset(large, '\r', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	diagnosis_copy(text, large);
	assert_in_range(strlen(text), DIAGNOSIS_TEXT - 6, DIAGNOSIS_TEXT - 1);
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_programs_of_a_shell_line, folder_setup,
		    folder_teardown),
		cmocka_unit_test(test_texts_become_one_line_of_bounded_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
