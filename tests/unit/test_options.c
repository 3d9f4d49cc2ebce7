/*
 * kabuto's options: what is read from a command line, and what is refused.
 */
#include "support.h"

#include "command.h"
#include "options.h"

static bool flag;
static const char *text;
static struct options_texts texts;
static int64_t number;

static const struct options_row more[] = {
	{ 'n', "number", "N", "a number", OPTIONS_NUMBER, &number },
	{ 0 },
};
static const struct options_row rows[] = {
	{ 'f', "flag", NULL, "a flag", OPTIONS_FLAG, &flag },
	{ 't', "text", "TEXT", "a text", OPTIONS_TEXT, &text },
	{ '\0', "texts", "K=V", "several texts", OPTIONS_TEXTS, &texts },
	OPTIONS_INCLUDE(more),
	{ 0 },
};

/* Reads words, which are separated by spaces ("_" is an empty one). Returns the first word's index.
 */
static enum options_result
read_line(const struct command *command, const char *line, int *words, char *argv[static 16])
{
	static char copy[256];
	char *rest = copy, *word;
	int argc = 0;

	flag = false;
	text = NULL;
	texts.count = 0;
	number = -1;
	snprintf(copy, sizeof copy, "%s", line);
	while ((word = strsep(&rest, " ")) != NULL)
		argv[argc++] = strcmp(word, "_") == 0 ? (char *)"" : word;
	argv[argc] = NULL;
	return options_read(command, argc, argv, words);
}

static void
test_options_are_read_wherever_they_stand(void **state)
{
	static const struct command any = {
		.name = "x", .arguments = "", .options = rows, .most = -1
	};
	static const struct {
		const char *line;
		bool flag;
		const char *text;
		size_t texts;
		int64_t number;
		const char *word; /* the first one; NULL: none */
	} lines[] = {
		{ "x", false, NULL, 0, -1, NULL },
		{ "x -f -t a w", true, "a", 0, -1, "w" },
		{ "x w -ft a", true, "a", 0, -1, "w" },
		{ "x -ta -tb", false, "b", 0, -1, NULL },
		{ "x --text=a --text b --fl", true, "b", 0, -1, NULL },
		{ "x --texts a=1 --texts b w --texts c", false, NULL, 3, -1, "w" },
		{ "x -n 0", false, NULL, 0, 0, NULL },
		{ "x --number 12 w", false, NULL, 0, 12, "w" },
		{ "x -- -f", false, NULL, 0, -1, "-f" },
		{ "x - -f", true, NULL, 0, -1, "-" },
		{ "x -t _", false, "", 0, -1, NULL },
		{ "x -t -f", false, "-f", 0, -1, NULL },
	};
	char *argv[16];
	int failed = 0, words = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		const char *line = lines[i].line, *word = lines[i].word;

		row_check(failed, read_line(&any, line, &words, argv) == OPTIONS_READ, "%s", line);
		row_check(failed, flag == lines[i].flag && number == lines[i].number, "%s", line);
		row_check(failed, texts.count == lines[i].texts, "%s", line);
		row_check(failed,
		    text == NULL ? lines[i].text == NULL
				 : lines[i].text != NULL && strcmp(text, lines[i].text) == 0,
		    "%s", line);
		row_check(failed,
		    argv[words] == NULL ? word == NULL
					: word != NULL && strcmp(argv[words], word) == 0,
		    "%s", line);
	}
	rows_end(failed);
}

static void
test_words_of_the_job_are_left_alone(void **state)
{
	static const struct command run = {
		.name = "run", .arguments = "", .options = rows, .most = -1, .stops = true
	};
	char *argv[16];
	int words;

	(void)state;
	assert_int_equal(read_line(&run, "run -f python -t a.py --no-such", &words, argv),
	    OPTIONS_READ);
	assert_true(flag);
	assert_null(text);
	assert_string_equal(argv[words], "python");
	assert_string_equal(argv[words + 1], "-t");
	assert_int_equal(read_line(&run, "run -f -- -t", &words, argv), OPTIONS_READ);
	assert_string_equal(argv[words], "-t");
}

static void
test_wrong_use_is_refused(void **state)
{
	static const struct command one = {
		.name = "x", .arguments = "W", .options = rows, .least = 1, .most = 1
	};
	static const struct {
		const char *line;
		enum options_result result;
	} lines[] = {
		{ "x w", OPTIONS_READ },
		{ "x", OPTIONS_WRONG },
		{ "x w w", OPTIONS_WRONG },
		{ "x -z w", OPTIONS_WRONG },
		{ "x -fz w", OPTIONS_WRONG },
		{ "x --none w", OPTIONS_WRONG },
		{ "x --te=a w", OPTIONS_WRONG }, /* text or texts */
		{ "x --flag=1 w", OPTIONS_WRONG },
		{ "x w -t", OPTIONS_WRONG },
		{ "x w --text", OPTIONS_WRONG },
		{ "x w -n -1", OPTIONS_WRONG },
		{ "x w -n 1.5", OPTIONS_WRONG },
		{ "x w -n _", OPTIONS_WRONG },
		{ "x w -n 99999999999999999999", OPTIONS_WRONG },
		{ "x -h", OPTIONS_HELP },
		{ "x --help", OPTIONS_HELP },
	};
	char *argv[16];
	int failed = 0, words;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		row_check(failed, read_line(&one, lines[i].line, &words, argv) == lines[i].result,
		    "%s", lines[i].line);
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_are_read_wherever_they_stand),
		cmocka_unit_test(test_words_of_the_job_are_left_alone),
		cmocka_unit_test(test_wrong_use_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
