/*
 * Amounts, read and written.
 */
#include "clock.h"
#include "number.h"
#include "support.h"

#include "quantity.h"

#define NO INT64_C(-77) /* a row's text is refused */

static void
test_sizes_are_read_in_every_form_that_people_write(void **state)
{
	static const struct {
		const char *text;
		int64_t expected;
	} rows[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "007", 7 },
		{ "512k", 512 << 10 },
		{ "512K", 512 << 10 },
		{ "64m", 64 << 20 },
		{ "64MB", 64 << 20 },
		{ "64MiB", 64 << 20 },
		{ "64mib", 64 << 20 },
		{ "512Mi", 512 << 20 },
		{ "1Gi", 1 << 30 },
		{ "1.5Gi", INT64_C(3) << 29 },
		{ "512Ki", 512 << 10 },
		{ "512MB", 512 << 20 },
		{ "1GiB", 1 << 30 },
		{ "512 MiB", 512 << 20 }, /* as Kabuto's own texts say it */
		{ "1 k", 1 << 10 },
		{ "100 b", 100 },
		{ "2g", INT64_C(2) << 30 },
		{ "1.5g", INT64_C(3) << 29 },
		{ ".5k", 512 },
		{ "1t", INT64_C(1) << 40 },
		{ "100b", 100 },
		{ "9223372036854775807", INT64_MAX },
		{ "9007199254740993", INT64_C(9007199254740993) },
		{ "8388607t", INT64_C(8388607) << 40 },
		{ "8388608t", NO },
		{ "9223372036854775808", NO },
		{ "99999999999999999999999999999", NO },
		{ "", NO },
		{ "k", NO },
		{ "b", NO },
		{ ".", NO },
		{ ".k", NO },
		{ "-1", NO },
		{ "-1k", NO },
		{ "+1", NO },
		{ " 1", NO },
		{ "1 ", NO },
		{ "1  k", NO },
		{ "1 ki ", NO },
		{ "1i", NO },
		{ "1 i", NO },
		{ "1kbi", NO },
		{ "1kk", NO },
		{ "1kx", NO },
		{ "1ib", NO },
		{ "1p", NO },
		{ "1e3", NO },
		{ "1e3k", NO },
		{ "0x10", NO },
		{ "0x1p3k", NO },
		{ "inf", NO },
		{ "nan", NO },
		{ "1.2.3", NO },
		{ "12a", NO },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t bytes = NO;
		bool read = quantity_parse_bytes(rows[i].text, &bytes);

		row_check(failed, bytes == rows[i].expected && read == (rows[i].expected != NO),
		    "'%s': %lld instead of %lld", rows[i].text, (long long)bytes,
		    (long long)rows[i].expected);
	}
	rows_end(failed);
}

static void
test_sizes_are_written_in_the_largest_unit(void **state)
{
	static const struct {
		int64_t bytes;
		const char *expected;
	} rows[] = {
		{ 0, "0 bytes" },
		{ 1023, "1023 bytes" },
		{ 1024, "1 KiB" },
		{ 1025, "1.0 KiB" },
		{ 1536, "1.5 KiB" },
		{ 512 << 20, "512 MiB" },
		{ INT64_C(3) << 29, "1.5 GiB" },
		{ INT64_C(100) << 30, "100 GiB" },
		{ INT64_MAX, "8388608.0 TiB" },
	};
	char text[QUANTITY_TEXT];
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed,
		    strcmp(quantity_format_bytes(rows[i].bytes, text), rows[i].expected) == 0,
		    "%lld: '%s' instead of '%s'", (long long)rows[i].bytes, text, rows[i].expected);
	rows_end(failed);
}

static void
test_integers_are_decimal_digits_and_fit(void **state)
{
	static const struct {
		const char *text;
		int64_t expected;
	} rows[] = {
		{ "0", 0 },
		{ "-0", 0 },
		{ "42", 42 },
		{ "-5", -5 },
		{ "010", 10 },
		{ "9223372036854775807", INT64_MAX },
		{ "-9223372036854775808", INT64_MIN },
		{ "9223372036854775808", NO },
		{ "-9223372036854775809", NO },
		{ "", NO },
		{ "-", NO },
		{ "--1", NO },
		{ "+1", NO },
		{ " 1", NO },
		{ "- 1", NO },
		{ "1 ", NO },
		{ "1.0", NO },
		{ "1e3", NO },
		{ "0x1", NO },
		{ "1a", NO },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t number = NO;
		bool read = number_parse_integer(rows[i].text, &number);

		row_check(failed, number == rows[i].expected && read == (rows[i].expected != NO),
		    "'%s': %lld instead of %lld", rows[i].text, (long long)number,
		    (long long)rows[i].expected);
	}
	rows_end(failed);
}

static void
test_decimals_have_neither_sign_nor_exponent(void **state)
{
	static const struct {
		const char *text;
		double expected; /* below 0: refused */
	} rows[] = {
		{ "0", 0 },
		{ "1.5", 1.5 },
		{ ".25", 0.25 },
		{ "2.", 2 },
		{ "10", 10 },
		{ "", -1 },
		{ ".", -1 },
		{ "-1", -1 },
		{ "+1", -1 },
		{ "1e3", -1 },
		{ "1E3", -1 },
		{ "inf", -1 },
		{ "nan", -1 },
		{ "0x10", -1 },
		{ "1,5", -1 },
		{ "1.5.", -1 },
		{ " 1", -1 },
		{ "1 ", -1 },
		{ "1111111111111111111111111111111111111111", -1 },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		double number = -1;
		bool read = number_parse_decimal(rows[i].text, &number);

		row_check(failed, number == rows[i].expected && read == (rows[i].expected >= 0),
		    "'%s': %g instead of %g", rows[i].text, number, rows[i].expected);
	}
	rows_end(failed);
}

static void
test_times_are_rfc_3339_with_milliseconds(void **state)
{
	static const struct {
		int64_t time_ms;
		const char *expected;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 999, "1970-01-01T00:00:00.999Z" },
		{ INT64_C(951782400000), "2000-02-29T00:00:00.000Z" },
		{ INT64_C(1795509000123), "2026-11-24T08:30:00.123Z" },
		{ INT64_C(4102444799999), "2099-12-31T23:59:59.999Z" },
	};
	char text[QUANTITY_TEXT];
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed,
		    strcmp(quantity_format_time(rows[i].time_ms, text), rows[i].expected) == 0,
		    "%lld: '%s' instead of '%s'", (long long)rows[i].time_ms, text,
		    rows[i].expected);
	rows_end(failed);
}

static void
test_times_are_written_in_utc_whatever_the_time_zone(void **state)
{
	char text[QUANTITY_TEXT];

	(void)state;
	assert_int_equal(setenv("TZ", "Asia/Tokyo", 1), 0);
	assert_string_equal(quantity_format_time(0, text), "1970-01-01T00:00:00.000Z");
	assert_int_equal(unsetenv("TZ"), 0);
}

static void
test_the_monotonic_clock_does_not_go_back(void **state)
{
	int64_t before = clock_monotonic_ms();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_monotonic_ms();

		assert_true(now >= before);
		before = now;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_are_read_in_every_form_that_people_write),
		cmocka_unit_test(test_sizes_are_written_in_the_largest_unit),
		cmocka_unit_test(test_integers_are_decimal_digits_and_fit),
		cmocka_unit_test(test_decimals_have_neither_sign_nor_exponent),
		cmocka_unit_test(test_times_are_rfc_3339_with_milliseconds),
		cmocka_unit_test(test_times_are_written_in_utc_whatever_the_time_zone),
		cmocka_unit_test(test_the_monotonic_clock_does_not_go_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
