/*
 * The text of events: no data can end an event or begin a field.
 */
#include "support.h"

#include "eventtext.h"

static const struct {
	enum eventtext_format format;
	int64_t id;
	const char *data, *text;
} rows[] = {
	{ EVENTTEXT_SSE, 12, "{}", "event: log\nid: 12\ndata: {}\n\n" },
	{ EVENTTEXT_SSE, EVENTTEXT_NO_ID, "{}", "event: log\ndata: {}\n\n" },
	{ EVENTTEXT_SSE, 0, "", "event: log\nid: 0\ndata: \n\n" },
	{ EVENTTEXT_SSE, 1, "a\nid: 9", "event: log\nid: 1\ndata: a\ndata: id: 9\n\n" },
	{ EVENTTEXT_SSE, 1, "a\rb", "event: log\nid: 1\ndata: a\ndata: b\n\n" },
	{ EVENTTEXT_SSE, 1, "a\r\nb", "event: log\nid: 1\ndata: a\ndata: b\n\n" },
	{ EVENTTEXT_SSE, 1, "a\n\nb", "event: log\nid: 1\ndata: a\ndata: \ndata: b\n\n" },
	{ EVENTTEXT_SSE, 1, "a\n", "event: log\nid: 1\ndata: a\ndata: \n\n" },
	{ EVENTTEXT_SSE, 1, "a\r", "event: log\nid: 1\ndata: a\ndata: \n\n" },
	{ EVENTTEXT_NDJSON, INT64_MAX, "{}",
	    "{\"event\":\"log\",\"id\":9223372036854775807,\"data\":{}}\n" },
	{ EVENTTEXT_NDJSON, EVENTTEXT_NO_ID, "{\"a\":1}",
	    "{\"event\":\"log\",\"data\":{\"a\":1}}\n" },
};

static void
test_each_format_has_the_same_members(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct textbuffer buffer = { 0 };
		struct error err;

		must(eventtext_add(&buffer, rows[i].format, "log", rows[i].id, rows[i].data,
			 strlen(rows[i].data), &err),
		    &err);
		assert_string_equal(buffer.text, rows[i].text);
		textbuffer_clear(&buffer);
	}
}

static void
test_events_follow_each_other(void **state)
{
	struct textbuffer buffer = { 0 };
	struct error err;

	(void)state;
	for (int64_t id = 1; id <= 2; id++)
		must(eventtext_add(&buffer, EVENTTEXT_SSE, "log", id, "x", 1, &err), &err);
	assert_string_equal(buffer.text,
	    "event: log\nid: 1\ndata: x\n\nevent: log\nid: 2\ndata: x\n\n");
	textbuffer_clear(&buffer);
}

static void
test_accept_header_asks_for_json_lines(void **state)
{
	static const struct {
		const char *accept;
		enum eventtext_format format;
	} accepts[] = {
		{ "", EVENTTEXT_SSE },
		{ "*/*", EVENTTEXT_SSE },
		{ "text/event-stream", EVENTTEXT_SSE },
		{ "application/x-ndjson", EVENTTEXT_NDJSON },
		{ "text/html, Application/X-NDJSON;q=0.5", EVENTTEXT_NDJSON },
		{ "application/json", EVENTTEXT_SSE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof accepts / sizeof accepts[0]; i++) {
		print_message("%s\n", accepts[i].accept);
		assert_int_equal(eventtext_format_of(accepts[i].accept), accepts[i].format);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_format_has_the_same_members),
		cmocka_unit_test(test_events_follow_each_other),
		cmocka_unit_test(test_accept_header_asks_for_json_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
