/*
 * What the engine says while it builds. The functions that read it are static: the file is
 * included.
 */
#include "support.h"

#include "daemon/engine_image.c"

static bool
count(void *context, json_t *message)
{
	(void)message;
	++*(int *)context;
	return true;
}

static void
test_messages_tell_the_failure_and_its_step(void **state)
{
	static const struct {
		const char *said;
		int messages;
		const char *failure;
	} rows[] = {
		{ "", 0, NULL },
		{ "{\"stream\":\"Step 1/2 : FROM x\\n\"}\n", 1, NULL },
		{ "{\"stream\":\"a\"}\n\n{\"status\":\"b\"}\nno JSON\n[1]\n", 2, NULL },
		{ "{\"error\":\"no\"}\n", 1, "no" },
		{ "{\"stream\":\"Step 2/2 : RUN x\\n\"}\n{\"error\":\"no\"}\n", 2,
		    "Step 2/2 : RUN x: no" },
		{ "{\"error\":\"first\"}\n{\"error\":\"second\"}\n", 2, "first" },
		{ "{\"error\":\"no\"}", 0, NULL }, /* without its newline it is not whole */
		{ "{\"stream\":\"a\\u0000b\"}\n", 1, NULL },
		{ "{\"error\":\"a\\u0000b\"}\n", 1, "a" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int heard = 0;
		const struct image_build build = { .message = count, .message_context = &heard };
		struct messages messages = { .build = &build };
		const char *expected = rows[i].failure != NULL ? rows[i].failure : "none";
		const char *failure;

		messages.lines =
		    (struct engine_lines){ .message = on_message, .context = &messages };
		assert_true(engine_lines_open(&messages.lines));
		row_check(failed, messages_write(&messages, rows[i].said, strlen(rows[i].said)),
		    "%s", rows[i].said);
		engine_lines_close(&messages.lines);
		failure = messages.failure != NULL ? messages.failure : "none";
		row_check(failed, heard == rows[i].messages, "%s: %d messages", rows[i].said,
		    heard);
		row_check(failed, strcmp(failure, expected) == 0, "%s: %s", rows[i].said, failure);
		free(messages.failure);
	}
	rows_end(failed);
}

static void
test_links_that_lead_out_of_the_context(void **state)
{
	static const struct {
		const char *name, *target;
		bool out;
	} rows[] = {
		{ "a", "b", false },
		{ "a", ".", false },
		{ "a", "..", true },
		{ "a", "../x", true },
		{ "a", "./../x", true },
		{ "a", "b/../..", true },
		{ "a", "b/..//../", true },
		{ "a", "b/../c", false },
		{ "a", "...", false },
		{ "a", "..b/c", false },
		{ "d/a", "..", false },
		{ "d/a", "../b", false },
		{ "d/a", "../../b", true },
		{ "d/a", "../b/../../c", true },
		{ "a", "/", false },
		{ "a", "/../x", false },
		{ "a", "", false },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (leads_out(rows[i].name, rows[i].target) == rows[i].out)
			continue;
		print_error("%s -> %s\n", rows[i].name, rows[i].target);
		failed++;
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_tell_the_failure_and_its_step),
		cmocka_unit_test(test_links_that_lead_out_of_the_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
