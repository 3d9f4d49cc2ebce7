/*
 * Sweeps: what a file's name says, and what is told of it.
 * The functions that decide are static: the file is included.
 */
#include "support.h"

#include "daemon/recover.c"

static void
hear(void *context, enum log_level level, const char *text)
{
	(void)level;
	snprintf(context, 2048, "%s", text);
}

static void
test_what_is_told_of_a_file_is_valid_text(void **state)
{
	char heard[2048] = "", letters[2000];
	struct sweep sweep = { .tell = hear, .context = heard };

	(void)state;
	tell(&sweep, LOG_INFO, "removed %s/%s", "results", "caf\xe9.zip");
	assert_string_equal(heard, "removed results/caf?.zip");
	for (size_t i = 0; i + 2 < sizeof letters; i += 2)
		memcpy(letters + i, "\xc3\xa9", 3);
	for (int before = 0; before < 2; before++) {
		tell(&sweep, LOG_INFO, "%.*s%s", before, "x", letters);
		assert_true(utf8_valid(heard, strlen(heard)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_told_of_a_file_is_valid_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
