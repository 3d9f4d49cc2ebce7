/*
 * Reading a build's output while it grows.
 */
#include "support.h"

#include "buildtail.h"

/* Makes the output of build 7 from the text. */
static void
write_output(struct folder *folder, const char *text)
{
	(void)mkdirat(folder->fd, "7", 0700);
	file_put(folder->fd, "7/output", text, strlen(text));
}

/* Compares what the tail reads now with the expected text. */
static void
check_read(struct folder *folder, struct buildtail *tail, enum eventtext_format format,
    const char *expected)
{
	struct textbuffer text = { 0 };
	struct error err;

	must(buildtail_read(tail, folder->fd, format, &text, &err), &err);
	assert_string_equal(text.text != NULL ? text.text : "", expected);
	textbuffer_clear(&text);
}

#define STEP "{\"stream\":\"Step 1/2\\n\"}\n"
#define PULL "{\"status\":\"Pull complete\",\"progressDetail\":{},\"id\":\"ab12\"}\n"
#define BAR  "{\"status\":\"Downloading\",\"progress\":\"[=>]\",\"id\":\"ab12\"}\n"
#define FAIL "{\"error\":\"exit 1\"}\n"

static void
test_text_has_what_the_messages_say(void **state)
{
	struct buildtail tail = { .build = 7 };

	check_read(*state, &tail, EVENTTEXT_NONE, "");
	write_output(*state, STEP PULL BAR FAIL "not JSON\n{\"stream\":\"no end");
	check_read(*state, &tail, EVENTTEXT_NONE, "Step 1/2\nab12: Pull complete\n");
	check_read(*state, &tail, EVENTTEXT_NONE, "");
}

static void
test_events_have_the_messages_as_they_are(void **state)
{
	struct buildtail tail = { .build = 7 };

	write_output(*state, STEP);
	check_read(*state, &tail, EVENTTEXT_NDJSON,
	    "{\"event\":\"build\",\"data\":{\"stream\":\"Step 1/2\\n\"}}\n");
	write_output(*state, STEP FAIL);
	check_read(*state, &tail, EVENTTEXT_NDJSON,
	    "{\"event\":\"build\",\"data\":{\"error\":\"exit 1\"}}\n");
}

static void
test_output_of_a_build_that_begins_again_is_read_again(void **state)
{
	struct buildtail tail = { .build = 7 };

	write_output(*state, STEP STEP);
	check_read(*state, &tail, EVENTTEXT_NONE, "Step 1/2\nStep 1/2\n");
	write_output(*state, PULL);
	check_read(*state, &tail, EVENTTEXT_NONE, "ab12: Pull complete\n");
}

/* Makes the output of build 7 from a message that is there count times, and another one. */
static void
write_many(struct folder *folder, const char *message, size_t count, const char *last)
{
	size_t length = strlen(message);
	char *text = malloc(count * length + strlen(last) + 1);

	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		memcpy(text + i * length, message, length);
	strcpy(text + count * length, last);
	write_output(folder, text);
	free(text);
}

static void
test_text_after_many_messages_without_text_is_not_lost(void **state)
{
	struct buildtail tail = { .build = 7 };

	write_many(*state, BAR, 5000, STEP);
	check_read(*state, &tail, EVENTTEXT_NONE, "Step 1/2\n");
	assert_false(tail.more);
	tail = (struct buildtail){ .build = 7 };
	write_many(*state, BAR, 25000, STEP);
	check_read(*state, &tail, EVENTTEXT_NONE, "");
	assert_true(tail.more);
	check_read(*state, &tail, EVENTTEXT_NONE, "Step 1/2\n");
	assert_false(tail.more);
}

/* The text of a message of so many bytes comes whole, and that of the next message. */
static void
check_long(struct folder *folder, size_t length)
{
	struct buildtail tail = { .build = 7 };
	char *line = malloc(length + 64), *expected = malloc(length + 64);

	assert_true(line != NULL && expected != NULL);
	memset(expected, 'x', length);
	expected[length] = '\0';
	sprintf(line, "{\"stream\":\"%s\"}\n" STEP, expected);
	strcpy(expected + length, "Step 1/2\n");
	write_output(folder, line);
	check_read(folder, &tail, EVENTTEXT_NONE, expected);
	free(line);
	free(expected);
}

static void
test_a_long_message_comes_whole(void **state)
{
	check_long(*state, 60000);
	check_long(*state, 31 << 20);
}

#define test(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_text_has_what_the_messages_say),
		test(test_events_have_the_messages_as_they_are),
		test(test_output_of_a_build_that_begins_again_is_read_again),
		test(test_text_after_many_messages_without_text_is_not_lost),
		test(test_a_long_message_comes_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
