/*
 * Exit codes for the ends of jobs.
 */
#include "support.h"

#include "outcome.h"

static void
test_exit_code_is_the_jobs_own_or_says_why_there_is_none(void **state)
{
	static const struct {
		const char *job;
		int code;
		bool ended, idle;
	} rows[] = {
		{ "{'state':'done','response':0,'error':null}", 0, true, false },
		{ "{'state':'failed','response':1,'error':'exit code 1'}", 1, true, false },
		{ "{'state':'failed','response':7,'error':'exit code 7'}", 7, true, false },
		{ "{'state':'failed','response':124,'error':'exit code 124'}", 124, true, false },
		{ "{'state':'failed','response':125,'error':'exit code 125'}", 125, true, false },
		{ "{'state':'failed','response':126,'error':'exit code 126: x'}", 126, true,
		    false },
		{ "{'state':'failed','response':127,'error':'exit code 127: x'}", 127, true,
		    false },
		{ "{'state':'failed','response':137,'error':'out of memory (limit 6 MiB)'}", 137,
		    true, false },
		{ "{'state':'failed','response':137,'error':'killed by its owner'}", 137, true,
		    false },
		{ "{'state':'failed','response':143,'error':'killed by its owner'}", 143, true,
		    false },
		{ "{'state':'failed','response':255,'error':'exit code 255'}", 255, true, false },
		/* Timed out, whatever the program made of its SIGTERM. */
		{ "{'state':'failed','response':143,'error':'timed out after 1 s'}", 124, true,
		    false },
		{ "{'state':'failed','response':0,'error':'timed out after 1 s'}", 124, true,
		    false },
		/* Kabuto's own reasons. */
		{ "{'state':'failed','response':null,'error':'the engine lost the container'}", 125,
		    true, false },
		{ "{'state':'failed','response':0,'error':'the outbox is larger than'}", 125, true,
		    false },
		{ "{'state':'failed','response':256,'error':'?'}", 125, true, false },
		{ "{'state':'failed','response':-1,'error':'?'}", 125, true, false },
		{ "{'state':'failed'}", 125, true, false },
		/* Not ended. */
		{ "{'state':'ready','response':null,'error':null}", 125, false, true },
		{ "{'state':'ready','response':null,'build':null}", 125, false, true },
		{ "{'state':'ready','response':null,'build':{'id':7}}", 125, false, false },
		{ "{'state':'in_queue'}", 125, false, false },
		{ "{'state':'running'}", 125, false, false },
		{ "{}", 125, false, false },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_free char *text = strdup(rows[i].job);
		cleanup_json json_t *job = NULL;

		for (char *at = text; (at = strchr(at, '\'')) != NULL;)
			*at = '"';
		job = json_loads(text, 0, NULL);
		row_check(failed, job != NULL && outcome_code(job) == rows[i].code, "%s: %d",
		    rows[i].job, outcome_code(job));
		row_check(failed, outcome_ended(job) == rows[i].ended, "%s", rows[i].job);
		row_check(failed, outcome_idle(job) == rows[i].idle, "%s", rows[i].job);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_code_is_the_jobs_own_or_says_why_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
