/*
 * What the engine says while it builds. The functions that read it are static: the files
 * are included.
 */
#include "support.h"

#include "daemon/engine/engine_context.c"
#include "daemon/engine/engine_image.c"

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
		const struct engine_image_build build = { .message = count,
			.message_context = &heard };
		struct messages messages = { .build = &build };
		const char *expected = rows[i].failure != NULL ? rows[i].failure : "none";
		const char *failure;

		messages.lines = (struct engine_lines){ .message = engine_image_on_message,
			.context = &messages };
		assert_true(engine_lines_open(&messages.lines));
		row_check(failed,
		    engine_image_messages_write(&messages, rows[i].said, strlen(rows[i].said)),
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
test_instructions_of_a_base_image_are_noticed(void **state)
{
	static const struct {
		const char *said[5];
		bool noticed;
	} rows[] = {
		{ { "Step 1/2 : FROM x", "# Executing 1 build trigger" }, true },
		{ { "Step 1/2 : FROM x", "Step 2/2 : RUN # Executing" }, false },
		{ { "STEP 1/2: FROM x", "STEP 2/3: RUN y" }, true },
		{ { "STEP 1/1: FROM x", "STEP 2/2: RUN y" }, true },
		{ { "STEP 1/2: FROM x", "STEP 2/2: RUN y" }, false },
		{ { "STEP 1/3: FROM x", "STEP 2/3: RUN y", "STEP 3/3: RUN z" }, false },
		{ { "[1/2] STEP 1/2: FROM x", "[1/2] STEP 2/2: RUN y", "[2/2] STEP 1/4: FROM x",
		      "[2/2] STEP 2/4: RUN y" },
		    false },
		{ { "[1/2] STEP 1/2: FROM x", "[1/2] STEP 2/2: RUN y", "[2/2] STEP 1/1: FROM x",
		      "[2/2] STEP 2/2: RUN y" },
		    true },
		{ { "[1/2] STEP 1/9: FROM x", "STEP 1/9: as a command prints it",
		      "[2/2] STEP 1/1: FROM x", "[2/2] STEP 2/2: RUN y" },
		    true },
		{ { "STEP 1/2: FROM x", "STEP 2/99999999999999999999: RUN y" }, true },
		{ { "STEP 2", "STEP", "[", "[1/2] STEP 2/x" }, false },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct messages messages = { 0 };
		bool noticed = false;

		for (size_t n = 0; n < COUNT(rows[i].said) && rows[i].said[n] != NULL; n++)
			noticed =
			    engine_image_tells_triggers(&messages, rows[i].said[n]) || noticed;
		row_check(failed, noticed == rows[i].noticed, "row %zu", i);
	}
	rows_end(failed);
}

static void
test_buildkit_keeps_caches_of_accounts_apart(void **state)
{
	static const char *const names[] = { "BUILDKIT_CACHE_MOUNT_NS",
		"BUILDKIT_SANDBOX_HOSTNAME" };
	cleanup_json json_t *given = json_pack("{s:s, s:s}", names[0], "a-2", names[1], "x");
	const struct engine_image_build builds[] = {
		{ .builder = BUILDER_BUILDKIT, .cache_namespace = "a-1", .arguments = given },
		{ .builder = BUILDER_BUILDKIT, .cache_namespace = "a-2", .arguments = given },
	};
	cleanup_json json_t *one = engine_image_arguments(&builds[0]);
	cleanup_json json_t *again = engine_image_arguments(&builds[0]);
	cleanup_json json_t *other = engine_image_arguments(&builds[1]);

	(void)state;
	assert_true(json_equal(one, again));
	for (size_t i = 0; i < COUNT(names); i++) {
		const char *value = json_string_value(json_object_get(one, names[i]));

		assert_non_null(value);
		assert_string_not_equal(value, json_string_value(json_object_get(given, names[i])));
		assert_string_not_equal(value, json_string_value(json_object_get(other, names[i])));
	}
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
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed,
		    engine_context_leads_out(rows[i].name, rows[i].target) == rows[i].out,
		    "%s -> %s", rows[i].name, rows[i].target);
	rows_end(failed);
}

static bool
leave_out_and_stop(void *context, const char *path)
{
	atomic_bool *stop = context;

	(void)path;
	assert_false(*stop);
	*stop = true;
	return true;
}

static void
test_interruption_ends_packing_amid_files_that_are_left_out(void **state)
{
	struct folder *folder = *state;
	atomic_bool stop = false;
	const struct engine_content content = { .leaves_out = leave_out_and_stop,
		.leaves_out_context = &stop };
	struct engine_context tar = { 0 };
	struct error err;
	char to[16];

	file_put(folder->fd, "a", "", 0);
	file_put(folder->fd, "b", "", 0);
	assert_true(engine_context_open(&tar, folder->path, &content, &stop, &err));
	assert_int_equal(engine_context_read(&tar, to, sizeof to), -1);
	assert_string_equal(tar.error, "");
	engine_context_close(&tar);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_tell_the_failure_and_its_step),
		cmocka_unit_test(test_instructions_of_a_base_image_are_noticed),
		cmocka_unit_test(test_buildkit_keeps_caches_of_accounts_apart),
		cmocka_unit_test(test_links_that_lead_out_of_the_context),
		cmocka_unit_test_setup_teardown(
		    test_interruption_ends_packing_amid_files_that_are_left_out, folder_setup,
		    folder_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
