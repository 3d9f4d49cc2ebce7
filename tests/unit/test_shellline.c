/*
 * Words of a command line as one line for the shell.
 */
#include "support.h"

#include "shellline.h"

#define WORDS_MOST 6

/* Asks a shell what the words of the line are; prints them with a newline after each. */
static char *
split(const char *line)
{
	cleanup_free char *command = NULL;
	char *seen = calloc(1, 1024);
	FILE *shell;

	assert_true(asprintf(&command, "set -- %s\nprintf '%%s\\n' \"$@\"", line) > 0);
	shell = popen(command, "r");
	assert_non_null(shell);
	(void)fread(seen, 1, 1023, shell);
	assert_int_equal(pclose(shell), 0);
	return seen;
}

static void
test_shell_splits_the_line_into_the_same_words(void **state)
{
	static const struct {
		char *words[WORDS_MOST];
		const char *line; /* NULL: any that works */
	} rows[] = {
		{ { "ls", "-l" }, "ls -l" },
		{ { "python3", "a.py", "--x=1" }, "python3 a.py --x=1" },
		{ { "echo", "a b" }, "echo 'a b'" },
		{ { "echo", "" }, "echo ''" },
		{ { "echo", "it's" }, "echo 'it'\\''s'" },
		{ { "A=1", "env" }, "A=1 env" },
		{ { "a", "'", "''", "\\", "\"" }, NULL },
		{ { "a", "$HOME", "`id`", "$(id)", "~" }, NULL },
		{ { "a", "*", "?", "[a]", "{a,b}" }, NULL },
		{ { "a", ";", "&", "|", ">" }, NULL },
		{ { "a", "#b", "!", "(", ")" }, NULL },
		{ { "a", "b\nc", "\t", " ", "\xc3\xa4" }, NULL },
		{ { "a", "\xff", "\x01" }, NULL },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_free char *line = NULL, *seen = NULL, *wanted = calloc(1, 1024);
		size_t count = 0;

		for (; count < WORDS_MOST && rows[i].words[count] != NULL; count++) {
			strcat(wanted, rows[i].words[count]);
			strcat(wanted, "\n");
		}
		line = shellline_of(rows[i].words, count);
		seen = split(line);
		row_check(failed, strcmp(seen, wanted) == 0, "%s", line);
		row_check(failed, rows[i].line == NULL || strcmp(line, rows[i].line) == 0, "%s",
		    line);
	}
	rows_end(failed);
}

static void
test_one_word_is_a_shell_line(void **state)
{
	char *words[] = { "echo $((1 + 1)); ls" };
	cleanup_free char *line = shellline_of(words, 1), *quoted = shellline_quote("a b");

	(void)state;
	assert_string_equal(line, words[0]);
	assert_string_equal(quoted, "'a b'");
}

static void
test_array_is_json(void **state)
{
	char *words[] = { "echo", "a\"b", "$HOME" }, *wrong[] = { "\xff" };
	cleanup_free char *array = shellline_array(words, 3);

	(void)state;
	assert_string_equal(array, "[\"echo\",\"a\\\"b\",\"$HOME\"]");
	assert_null(shellline_array(wrong, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shell_splits_the_line_into_the_same_words),
		cmocka_unit_test(test_one_word_is_a_shell_line),
		cmocka_unit_test(test_array_is_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
