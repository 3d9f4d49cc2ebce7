/*
 * The last line of a run as text.
 */
#include "support.h"

#include "runwords.h"

#define URL "http://h/r"

static void
test_last_line_says_how_the_job_has_ended(void **state)
{
	static const struct {
		bool has_response;
		int64_t response;
		const char *error, *token;
		int64_t removed_at;
		const char *line;
	} rows[] = {
		{ true, 0, NULL, "t", 0, "exit 0, results: " URL "\n" },
		{ true, 3, "exit code 3", "t", 0, "exit 3, results: " URL "\n" },
		{ true, 137, "out of memory (limit 512 MiB)", "t", 0,
		    "exit 137 (out of memory (limit 512 MiB)), results: " URL "\n" },
		{ true, 3, "exit code 3: no such file", "t", 0,
		    "exit 3 (exit code 3: no such file), results: " URL "\n" },
		{ true, 0, "the outbox is too large", "t", 0,
		    "exit 0 (the outbox is too large), results: " URL "\n" },
		{ true, 0, NULL, "", 0, "exit 0\n" },
		{ true, 0, NULL, "t", 1, "exit 0\n" },
		{ false, 0, "user: no user 'x'", "t", 0, "failed: user: no user 'x'\n" },
		{ false, 0, "one\ntwo\x1b[2J\rthree", "", 0, "failed: one two [2J three\n" },
		{ false, 0, NULL, "", 0, "failed: it has no exit code\n" },
	};
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct job job = { .has_response = rows[i].has_response,
			.response = rows[i].response,
			.results_removed_at = rows[i].removed_at };
		struct textbuffer line = { 0 };

		if (rows[i].error != NULL)
			job.error = strdup(rows[i].error);
		snprintf(job.results_token, sizeof job.results_token, "%s", rows[i].token);
		must(runwords_add_end(&line, &job, URL, &err), &err);
		row_check(failed, strcmp(line.text, rows[i].line) == 0, "%zu: '%s'", i, line.text);
		textbuffer_clear(&line);
		job_clear(&job);
	}
	rows_end(failed);
}

static void
test_a_failure_is_one_line(void **state)
{
	struct textbuffer line = { 0 };
	struct error err;

	(void)state;
	must(runwords_add_failure(&line, "build failed", "step 2:\nexit 1", &err), &err);
	assert_string_equal(line.text, "build failed: step 2: exit 1\n");
	textbuffer_clear(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_line_says_how_the_job_has_ended),
		cmocka_unit_test(test_a_failure_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
