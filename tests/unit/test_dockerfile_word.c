/*
 * What the variables of a word become.
 */
#include "support.h"

#include "dockerfile_word.h"

static const char *
value(void *context, const char *name)
{
	static const char *const values[][2] = { { "A", "busybox" }, { "E", "" },
		{ "V", "3.11-slim-3.12" }, { "P", "/a/b.tar.gz" }, { "_x1", "y" } };

	(void)context;
	for (size_t i = 0; i < COUNT(values); i++)
		if (strcmp(values[i][0], name) == 0)
			return values[i][1];
	return NULL;
}

static void
test_variables_have_the_values_that_the_engine_gives_them(void **state)
{
	static const struct {
		const char *word, *expanded; /* NULL: the word is refused */
	} rows[] = {
		{ "plain", "plain" },
		{ "$A", "busybox" },
		{ "${A}:1", "busybox:1" },
		{ "$A:$V", "busybox:3.11-slim-3.12" },
		{ "$_x1-$N.", "y-." },
		{ "${A:-x}${E:-x}${N:-x}", "busyboxxx" },
		{ "${A-x}${E-x}${N-x}", "busyboxx" },
		{ "${A:+x}${E:+x}${N:+x}", "x" },
		{ "${A+x}${E+x}${N+x}", "xx" },
		{ "${N:-${M:-$A}}", "busybox" },
		{ "${A:?no}${E?no}", "busybox" },
		{ "${N:?set it}", NULL },
		{ "${E:?}", NULL },
		{ "${V%-*}", "3.11-slim" },
		{ "${V%%-*}", "3.11" },
		{ "${V#*-}", "slim-3.12" },
		{ "${V##*-}", "3.12" },
		{ "${V%x}${V#x}", "3.11-slim-3.123.11-slim-3.12" },
		{ "${V%.?}", "3.11-slim-3.12" },
		{ "${V%.??}", "3.11-slim-3" },
		{ "${V/3/4}", "4.11-slim-3.12" },
		{ "${V//3/4}", "4.11-slim-4.12" },
		{ "${V/-*/}", "3.11" },
		{ "${N/a/b}${N#a}", "" },
		{ "\"$A\"'$A'", "busybox$A" },
		{ "\\$A", "$A" },
		{ "\"\\$A\\x\"", "$A\\x" },
		{ "$1$@$", "$" },
		{ "${A", NULL },
		{ "${}", NULL },
		{ "${A:x}", NULL },
		{ "${A!x}", NULL },
		{ "'a", NULL },
		{ "\"a", NULL },
	};
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_free char *got =
		    dockerfile_word_expand(rows[i].word, '\\', value, NULL, &err);

		row_check(failed, (got == NULL) == (rows[i].expanded == NULL), "%s", rows[i].word);
		if (got != NULL && rows[i].expanded != NULL)
			row_check(failed, strcmp(got, rows[i].expanded) == 0, "%s: %s",
			    rows[i].word, got);
	}
	rows_end(failed);
}

static void
test_words_end_at_spaces_outside_of_quotes(void **state)
{
	const char *at = "  a=\"b c\" 'd e'\tf\\ g \"h",
		   *const words[] = { "a=\"b c\"", "'d e'", "f\\ g", "\"h" };

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		cleanup_free char *word = dockerfile_word_take(&at, '\\');

		assert_non_null(word);
		assert_string_equal(word, words[i]);
	}
	assert_null(dockerfile_word_take(&at, '\\'));
}

/* A word that nests or grows without end is refused, and soon. */
static void
test_words_that_no_hand_has_written(void **state)
{
	char deep[4000], wide[4000];
	struct error err;

	(void)state;
	deep[0] = wide[0] = '\0';
	for (int i = 0; i < 500; i++)
		strcat(deep, "${N:-");
	for (int i = 0; i < 500; i++)
		strcat(deep, "}");
	for (int i = 0; i < 1500; i++)
		strcat(wide, "$A");
	assert_null(dockerfile_word_expand(deep, '\\', value, NULL, &err));
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_null(dockerfile_word_expand(wide, '\\', value, NULL, &err));
	assert_int_equal(err.kind, ERROR_INPUT);
}

static const char *
counted_value(void *context, const char *name)
{
	(void)name;
	++*(int *)context;
	return "0123456789";
}

/* Values of build arguments are long, and a word may name one half a million times. */
static void
test_variables_of_a_word_that_is_too_long_are_not_all_written(void **state)
{
	char plain[4000] = "", quoted[4002];
	const char *const words[] = { plain, quoted };
	struct error err;

	(void)state;
	for (int i = 0; i < 1500; i++)
		strcat(plain, "$A");
	snprintf(quoted, sizeof quoted, "\"%s\"", plain);
	for (size_t i = 0; i < COUNT(words); i++) {
		int calls = 0;

		assert_null(dockerfile_word_expand(words[i], '\\', counted_value, &calls, &err));
		assert_int_equal(err.kind, ERROR_INPUT);
		assert_in_range(calls, 1, 200);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variables_have_the_values_that_the_engine_gives_them),
		cmocka_unit_test(test_words_end_at_spaces_outside_of_quotes),
		cmocka_unit_test(test_words_that_no_hand_has_written),
		cmocka_unit_test(test_variables_of_a_word_that_is_too_long_are_not_all_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
