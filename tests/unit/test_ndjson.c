/*
 * Lines of JSON that come in pieces.
 */
#include "support.h"

#include "ndjson.h"

#define STREAM "{\"a\":1}\n\n\r\n{\"b\":\"\\u0000x\"}\n[2]\n"

/* Writes each value as text. */
static bool
note(const json_t *value, void *context, struct error *err)
{
	char text[64];
	size_t length = json_dumpb(value, text, sizeof text, JSON_COMPACT | JSON_ENCODE_ANY);

	(void)err;
	return fwrite(text, 1, length, context) == length && fputc(';', context) != EOF;
}

static bool
refuse(const json_t *value, void *context, struct error *err)
{
	(void)value;
	++*(int *)context;
	return error_set(err, ERROR_CONFLICT, "enough");
}

static void
test_values_are_the_same_in_pieces_of_any_size(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= strlen(STREAM); piece++) {
		cleanup_free char *seen = NULL;
		size_t size = 0;
		FILE *to = open_memstream(&seen, &size);
		struct ndjson lines = { 0 };
		struct error err = { 0 };

		for (size_t at = 0; at < strlen(STREAM); at += piece)
			assert_true(ndjson_add(&lines, STREAM + at,
			    strlen(STREAM) - at < piece ? strlen(STREAM) - at : piece, note, to,
			    &err));
		fclose(to);
		assert_string_equal(seen, "{\"a\":1};{\"b\":\"\\u0000x\"};[2];");
		ndjson_clear(&lines);
	}
}

static void
test_line_without_an_end_is_not_taken(void **state)
{
	struct ndjson lines = { 0 };
	struct error err = { 0 };
	int count = 0;

	(void)state;
	assert_true(ndjson_add(&lines, "{}", 2, refuse, &count, &err));
	ndjson_clear(&lines);
	assert_true(ndjson_add(&lines, "\n", 1, refuse, &count, &err));
	assert_int_equal(count, 0);
	ndjson_clear(&lines);
}

static void
test_visit_that_fails_ends_the_piece(void **state)
{
	struct ndjson lines = { 0 };
	struct error err = { 0 };
	int count = 0;

	(void)state;
	assert_false(ndjson_add(&lines, "1\n2\n", 4, refuse, &count, &err));
	assert_int_equal(count, 1);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	ndjson_clear(&lines);
}

static void
test_what_is_no_json_is_an_error(void **state)
{
	static const char *const rows[] = { "<html>\n", "{\n", "{} {}\n", "\"a\n", "\xff\n" };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ndjson lines = { 0 };
		struct error err = { 0 };
		int count = 0;
		bool done = ndjson_add(&lines, rows[i], strlen(rows[i]), refuse, &count, &err);

		row_check(failed, !done && count == 0 && err.kind == ERROR_SYSTEM, "%s", rows[i]);
		ndjson_clear(&lines);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_are_the_same_in_pieces_of_any_size),
		cmocka_unit_test(test_line_without_an_end_is_not_taken),
		cmocka_unit_test(test_visit_that_fails_ends_the_piece),
		cmocka_unit_test(test_what_is_no_json_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
