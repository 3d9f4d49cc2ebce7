/*
 * Messages of protocol buffers, also malformed ones.
 */
#include "support.h"

#include "protobuf.h"

/* Reads all fields as "number=integer" or "number:content", with spaces between them. */
static bool
read_all(const char *data, size_t length, char *text, size_t room)
{
	struct protobuf message = { (const unsigned char *)data, length };
	struct protobuf_field field;
	size_t at = 0;

	text[0] = '\0';
	while (protobuf_next(&message, &field)) {
		if (field.content.data != NULL)
			snprintf(text + at, room - at, "%s%llu:%.*s", at > 0 ? " " : "",
			    (unsigned long long)field.number, (int)field.content.length,
			    (const char *)field.content.data);
		else
			snprintf(text + at, room - at, "%s%llu=%llu", at > 0 ? " " : "",
			    (unsigned long long)field.number, (unsigned long long)field.integer);
		at = strlen(text);
	}
	return message.length == 0;
}

#define BYTES(text) text, sizeof text - 1

static void
test_fields_of_a_message(void **state)
{
	static const struct {
		const char *data;
		size_t length;
		const char *fields;
		bool whole;
	} rows[] = {
		{ BYTES(""), "", true },
		{ BYTES("\x08\x96\x01"), "1=150", true },
		{ BYTES("\x12\x07testing"), "2:testing", true },
		{ BYTES("\x12\x00"), "2:", true },
		{ BYTES("\x0a\x01x\x20\x01\x0a\x01y"), "1:x 4=1 1:y", true },
		{ BYTES("\x09\x01\x02\x03\x04\x05\x06\x07\x08\x08\x01"), "1=0 1=1", true },
		{ BYTES("\x0d\x01\x02\x03\x04\x08\x01"), "1=0 1=1", true },
		{ BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "1=18446744073709551615",
		    true },
		{ BYTES("\xf8\xff\xff\xff\x0f\x01"), "536870911=1", true },
		{ BYTES("\x08"), "", false },
		{ BYTES("\x08\x80"), "", false },
		{ BYTES("\x08\x01\x12\x05test"), "1=1", false },
		{ BYTES("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"), "", false },
		{ BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), "", false },
		{ BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "", false },
		{ BYTES("\x00\x01"), "", false },
		{ BYTES("\x80\x80\x80\x80\x10\x01"), "", false },
		{ BYTES("\x0b\x08\x01\x0c"), "", false },
		{ BYTES("\x0e"), "", false },
		{ BYTES("\x0f"), "", false },
		{ BYTES("\x09\x01\x02"), "", false },
		{ BYTES("\x0d\x01"), "", false },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[256];
		bool whole = read_all(rows[i].data, rows[i].length, text, sizeof text);

		row_check(failed, whole == rows[i].whole, "row %zu: %d", i, whole);
		row_check(failed, strcmp(text, rows[i].fields) == 0, "row %zu: '%s'", i, text);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_fields_of_a_message) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
