/*
 * UTF-8 against an encoder that knows nothing of RFC 3629's table, and error texts, which are cut
 * by it.
 */
#include "support.h"

#include "log.h"
#include "utf8.h"

/* A row's bytes and how many there are, NULs included. */
#define BYTES(text) text, sizeof(text) - 1

static void
test_length_of_the_first_character(void **state)
{
	static const struct {
		const char *text;
		size_t length, expected;
	} rows[] = {
		{ BYTES("a"), 1 },
		{ BYTES("\0"), 1 },
		{ BYTES("\x7f"), 1 },
		{ BYTES("\x80"), 0 },
		{ BYTES("\xbf"), 0 },
		{ BYTES("\xc0\x80"), 0 },
		{ BYTES("\xc1\xbf"), 0 },
		{ BYTES("\xc2\x80"), 2 },
		{ BYTES("\xc3\xa9tude"), 2 },
		{ BYTES("\xc3"), 0 },
		{ BYTES("\xc3\x28"), 0 },
		{ BYTES("\xe0\x9f\xbf"), 0 },
		{ BYTES("\xe0\xa0\x80"), 3 },
		{ BYTES("\xe2\x82"), 0 },
		{ BYTES("\xe2\x82\xac"), 3 },
		{ BYTES("\xed\x9f\xbf"), 3 },
		{ BYTES("\xed\xa0\x80"), 0 },
		{ BYTES("\xef\xbf\xbf"), 3 },
		{ BYTES("\xf0\x8f\xbf\xbf"), 0 },
		{ BYTES("\xf0\x9f\x98\x80"), 4 },
		{ BYTES("\xf0\x9f\x98"), 0 },
		{ BYTES("\xf4\x8f\xbf\xbf"), 4 },
		{ BYTES("\xf4\x90\x80\x80"), 0 },
		{ BYTES("\xf5\x80\x80\x80"), 0 },
		{ BYTES("\xff"), 0 },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		/* A copy without a byte behind it, so that a sanitizer sees who reads on. */
		cleanup_free char *text = malloc(rows[i].length);
		size_t size;

		memcpy(text, rows[i].text, rows[i].length);
		size = utf8_character(text, rows[i].length);
		row_check(failed, size == rows[i].expected, "row %zu: %zu instead of %zu", i, size,
		    rows[i].expected);
	}
	rows_end(failed);
}

/* Writes a number in the given count of bytes, whether it needs as many or not. */
static void
encode(uint32_t number, size_t size, char *text)
{
	static const unsigned char leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = size - 1; i > 0; i--) {
		text[i] = (char)(0x80 | (number & 0x3f));
		number >>= 6;
	}
	text[0] = (char)(leads[size] | number);
}

static void
test_exactly_the_scalar_values_in_their_shortest_form_are_valid(void **state)
{
	static const uint32_t bits[] = { 0, 7, 11, 16, 21 };
	int failed = 0;

	(void)state;
	for (size_t size = 1; size <= 4; size++)
		for (uint32_t number = 0; number < UINT32_C(1) << bits[size]; number++) {
			bool shortest = size == 1 || number >= UINT32_C(1) << bits[size - 1];
			bool scalar = number <= 0x10ffff && (number < 0xd800 || number > 0xdfff);
			char text[4];

			encode(number, size, text);
			row_check(failed, utf8_valid(text, size) == (shortest && scalar),
			    "U+%04X in %zu bytes", number, size);
			if (failed > 10)
				rows_end(failed);
		}
	rows_end(failed);
}

static void
test_a_character_cut_off_at_the_end_is_left_out(void **state)
{
	static const struct {
		const char *text;
		size_t length, expected;
	} rows[] = {
		{ BYTES(""), 0 },
		{ BYTES("ab"), 2 },
		{ BYTES("ab\xc3"), 2 },
		{ BYTES("ab\xc3\xa9"), 4 },
		{ BYTES("ab\xe2"), 2 },
		{ BYTES("ab\xe2\x82"), 2 },
		{ BYTES("ab\xe2\x82\xac"), 5 },
		{ BYTES("ab\xf0\x9f\x98"), 2 },
		{ BYTES("ab\xf0\x9f\x98\x80"), 6 },
		{ BYTES("\xf0\x9f"), 0 },
		/* what never was valid counts as it is */
		{ BYTES("ab\x80"), 3 },
		{ BYTES("ab\x80\x80\x80\x80"), 6 },
		{ BYTES("ab\xff"), 3 },
		{ BYTES("ab\xc0"), 3 },
		{ BYTES("ab\xc3\xa9\x80"), 5 },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t cut = utf8_cut(rows[i].text, rows[i].length);

		row_check(failed, cut == rows[i].expected, "row %zu: %zu instead of %zu", i, cut,
		    rows[i].expected);
	}
	rows_end(failed);
}

static void
test_valid_text_cut_anywhere_stays_valid(void **state)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z\xf4\x8f\xbf\xbf";
	int failed = 0;

	(void)state;
	for (size_t length = 0; length < sizeof text; length++) {
		size_t cut = utf8_cut(text, length);

		row_check(failed, utf8_valid(text, cut) && length - cut <= 3, "cut at %zu: %zu",
		    length, cut);
	}
	rows_end(failed);
}

static void
test_each_bad_byte_becomes_one_replacement_character(void **state)
{
#define BAD "\xef\xbf\xbd"
	static const struct {
		const char *text;
		size_t length;
		const char *expected;
		size_t expected_length;
	} rows[] = {
		{ BYTES(""), BYTES("") },
		{ BYTES("a\xc3\xa9"), BYTES("a\xc3\xa9") },
		{ BYTES("a\0b"), BYTES("a\0b") },
		{ BYTES("\xff"), BYTES(BAD) },
		{ BYTES("a\xe2\x82"), BYTES("a" BAD BAD) },
		{ BYTES("\xc3(\xa9"), BYTES(BAD "(" BAD) },
		{ BYTES("\xed\xa0\x80"), BYTES(BAD BAD BAD) },
		{ BYTES("\xff\xc3\xa9\xff"), BYTES(BAD "\xc3\xa9" BAD) },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t length = 99;
		cleanup_free char *copy = utf8_repair(rows[i].text, rows[i].length, &length);

		row_check(failed,
		    copy != NULL && length == rows[i].expected_length &&
			memcmp(copy, rows[i].expected, length + 1) == 0,
		    "row %zu: '%s' instead of '%s'", i, copy, rows[i].expected);
	}
	rows_end(failed);
}

static void
test_repaired_garbage_is_valid(void **state)
{
	uint64_t seed = 20261124;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char text[40];
		size_t length = chance(&seed, sizeof text), repaired = 0;
		cleanup_free char *copy = NULL;

		for (size_t at = 0; at < length; at++)
			text[at] = (char)(chance(&seed, 3) == 0 ? chance(&seed, 256)
								: 0x80 + chance(&seed, 128));
		copy = utf8_repair(text, length, &repaired);
		assert_non_null(copy);
		assert_true(utf8_valid(copy, repaired));
	}
}

static void
test_text_is_made_valid_in_its_place(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "", "" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "caf\xe9.", "caf?." },
		{ "\xff\xc3\xa9\x80", "?\xc3\xa9?" },
		{ "a\xe2\x82 b", "a?? b" },
		/* what was cut in its middle is left out */
		{ "a\xe2\x82", "a" },
		{ "caf\xe9", "caf" },
		{ "\xe9 \xc3", "? " },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_free char *text = strdup(rows[i].text);

		row_check(failed, strcmp(utf8_make_valid(text), rows[i].expected) == 0,
		    "row %zu: '%s' instead of '%s'", i, text, rows[i].expected);
	}
	rows_end(failed);
}

static void
test_error_text_is_valid_whatever_it_is_made_of(void **state)
{
	struct error err;

	(void)state;
	error_set(&err, ERROR_INPUT, "'%s' is no file", "caf\xe9.csv");
	assert_string_equal(err.text, "'caf?.csv' is no file");
	errno = ENOENT;
	error_errno(&err, "open '%s'", "\xff");
	assert_string_equal(err.text, "open '?': No such file or directory");
	error_wrap(&err, "%s", "\xe9");
	assert_string_equal(err.text, "?: open '?': No such file or directory");
}

static void
test_error_text_is_cut_at_a_whole_character(void **state)
{
	char letters[2 * sizeof(((struct error *)NULL)->text) + 1];
	struct error err;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof letters; i += 2)
		memcpy(letters + i, "\xc3\xa9", 3);
	for (int before = 0; before < 2; before++) {
		assert_false(error_set(&err, ERROR_INPUT, "%.*s%s", before, "x", letters));
		assert_true(utf8_valid(err.text, strlen(err.text)));
		assert_true(strlen(err.text) >= sizeof err.text - 2);
		assert_false(error_wrap(&err, "job %d", 7));
		assert_true(utf8_valid(err.text, strlen(err.text)));
		assert_memory_equal(err.text, "job 7: ", 7);
	}
}

static void
test_error_wrap_keeps_the_kind_and_errno_gives_one(void **state)
{
	struct error err;

	(void)state;
	error_set(&err, ERROR_NOT_FOUND, "no %s", "job");
	assert_false(error_wrap(&err, "account %d", 3));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_string_equal(err.text, "account 3: no job");
	errno = ENOSPC;
	assert_false(error_errno(&err, "write '%s'", "x"));
	assert_int_equal(err.kind, ERROR_NO_SPACE);
	assert_string_equal(err.text, "write 'x': No space left on device");
	assert_int_equal(errno, ENOSPC);
	errno = EACCES;
	assert_false(error_errno(&err, "open"));
	assert_int_equal(err.kind, ERROR_SYSTEM);
}

/* What log_write writes for that text; the caller's to free. */
static char *
logged(const struct folder *folder, const char *text)
{
	int stderr_was = dup(STDERR_FILENO);
	int fd = openat(folder->fd, "log", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	log_write(LOG_INFO, "%s", text);
	assert_true(dup2(stderr_was, STDERR_FILENO) >= 0);
	(void)close(stderr_was);
	(void)close(fd);
	return file_get(folder->fd, "log", NULL);
}

static void
test_log_line_is_one_line_of_valid_text(void **state)
{
	static const struct {
		const char *text, *line;
	} rows[] = {
		{ "job=1 began", "<6>job=1 began\n" },
		{ "caf\xc3\xa9", "<6>caf\xc3\xa9\n" },
		{ "two\nlines", "<6>two\\012lines\n" },
		{ "caf\xe9.", "<6>caf\\351.\n" },
		{ "\xe2\x82", "<6>\\342\\202\n" },
	};
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_free char *line = logged(*state, rows[i].text);

		row_check(failed, strcmp(line, rows[i].line) == 0, "row %zu: '%s'", i, line);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_length_of_the_first_character),
		cmocka_unit_test(test_exactly_the_scalar_values_in_their_shortest_form_are_valid),
		cmocka_unit_test(test_a_character_cut_off_at_the_end_is_left_out),
		cmocka_unit_test(test_valid_text_cut_anywhere_stays_valid),
		cmocka_unit_test(test_each_bad_byte_becomes_one_replacement_character),
		cmocka_unit_test(test_repaired_garbage_is_valid),
		cmocka_unit_test(test_text_is_made_valid_in_its_place),
		cmocka_unit_test(test_error_text_is_valid_whatever_it_is_made_of),
		cmocka_unit_test(test_error_text_is_cut_at_a_whole_character),
		cmocka_unit_test_setup_teardown(test_log_line_is_one_line_of_valid_text,
		    folder_setup, folder_teardown),
		cmocka_unit_test(test_error_wrap_keeps_the_kind_and_errno_gives_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
