/*
 * Forms and percent-encoding.
 */
#include "support.h"

#include "fcgi/urlencoded.h"

#define BYTES(text) text, sizeof(text) - 1

static void
test_percent_decoding(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		bool plus;
		const char *expected;
		size_t expected_length;
	} rows[] = {
		{ BYTES(""), true, BYTES("") },
		{ BYTES("abc"), true, BYTES("abc") },
		{ BYTES("a%20b"), false, BYTES("a b") },
		{ BYTES("%41"), false, BYTES("A") },
		{ BYTES("%c3%A9"), false, BYTES("\xc3\xa9") },
		{ BYTES("%00"), false, BYTES("\0") },
		{ BYTES("%ff"), false, BYTES("\xff") },
		{ BYTES("a+b"), true, BYTES("a b") },
		{ BYTES("a+b"), false, BYTES("a+b") },
		{ BYTES("%2B+"), true, BYTES("+ ") },
		{ BYTES("%2541"), false, BYTES("%41") }, /* once, not twice */
		/* no two hexadecimal digits */
		{ BYTES("%"), false, BYTES("%") },
		{ BYTES("%4"), false, BYTES("%4") },
		{ BYTES("%zz"), false, BYTES("%zz") },
		{ BYTES("%4g"), false, BYTES("%4g") },
		{ BYTES("%%41"), false, BYTES("%A") },
		{ BYTES("100%"), false, BYTES("100%") },
		{ BYTES("%+1"), true, BYTES("% 1") },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_free char *text = malloc(rows[i].length + 1);
		size_t length;

		memcpy(text, rows[i].text, rows[i].length);
		text[rows[i].length] = 'x'; /* where the NUL must come to stand */
		length = urlencoded_decode(text, rows[i].length, rows[i].plus);
		row_check(failed,
		    length == rows[i].expected_length &&
			memcmp(text, rows[i].expected, length + 1) == 0,
		    "'%s': '%.*s' instead of '%s'", rows[i].text, (int)length, text,
		    rows[i].expected);
	}
	rows_end(failed);
}

static void
test_percent_encoding_is_undone_by_decoding(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *expected;
	} rows[] = {
		{ "", 10, "" },
		{ "aZ09-._~", 64, "aZ09-._~" },
		{ "a b", 10, "a%20b" },
		{ "&=%+/?#\"<>", 64, "%26%3D%25%2B%2F%3F%23%22%3C%3E" },
		{ "\xc3\xa9\r\n", 64, "%C3%A9%0D%0A" },
		/* what does not fit */
		{ "abcdef", 6, "abc" },
		{ "ab%%", 9, "ab%25%25" },
		{ "ab%%", 8, "ab%25" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[64], back[64];

		memset(text, 'x', sizeof text);
		urlencoded_encode(rows[i].text, text, rows[i].size);
		row_check(failed, strcmp(text, rows[i].expected) == 0, "'%s': '%s'", rows[i].text,
		    text);
		strcpy(back, text);
		(void)urlencoded_decode(back, strlen(back), true);
		row_check(failed, strncmp(back, rows[i].text, strlen(back)) == 0, "'%s'", text);
	}
	rows_end(failed);
}

/* What was visited, as text: "name=value;", a NUL in it as 0. */
struct heard {
	char text[256];
	int most; /* visits that are taken */
};

static bool
visit(void *context, const char *name, const char *value, size_t length, struct error *err)
{
	struct heard *heard = context;
	char *to = heard->text + strlen(heard->text);

	if (heard->most-- == 0)
		return error_set(err, ERROR_INPUT, "refused");
	to += sprintf(to, "%s=", name);
	for (size_t i = 0; i < length; i++)
		*to++ = value[i] == '\0' ? '0' : value[i];
	strcpy(to, ";");
	assert_int_equal(value[length], '\0');
	return true;
}

static void
test_form_gives_its_names_and_values(void **state)
{
	static const struct {
		const char *form;
		const char *expected;
	} rows[] = {
		{ "", "" },
		{ "a=1", "a=1;" },
		{ "a=1&b=2", "a=1;b=2;" },
		{ "a=1&a=2", "a=1;a=2;" },
		{ "a", "a=;" },
		{ "a=", "a=;" },
		{ "=b", "=b;" },
		{ "=", "=;" },
		{ "&&a=1&&", "a=1;" },
		{ "a=b=c", "a=b=c;" },
		{ "a=1&b", "a=1;b=;" },
		{ "a&b=1", "a=;b=1;" },
		{ "a+b=c+d", "a b=c d;" },
		{ "a%3Db=c%26d&e=%3D", "a=b=c&d;e==;" },
		{ "a=%00x", "a=0x;" },
		{ "a=%", "a=%;" },
		{ "a=%2&b=%2", "a=%2;b=%2;" },
		{ "a%=1", "a%=1;" },
		{ "a;b=1", "a;b=1;" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t length = strlen(rows[i].form);
		cleanup_free char *form = strdup(rows[i].form);
		struct heard heard = { .most = 99 };
		struct error err;

		form[length] = 'x'; /* it ends by its length, not by a NUL */
		row_check(failed, urlencoded_each(form, length, visit, &heard, &err), "'%s'",
		    rows[i].form);
		row_check(failed, strcmp(heard.text, rows[i].expected) == 0,
		    "'%s': '%s' instead of '%s'", rows[i].form, heard.text, rows[i].expected);
	}
	rows_end(failed);
}

static void
test_visitor_that_refuses_ends_it(void **state)
{
	char form[] = "a=1&b=2&c=3";
	struct heard heard = { .most = 1 };
	struct error err;

	(void)state;
	assert_false(urlencoded_each(form, strlen(form), visit, &heard, &err));
	assert_string_equal(heard.text, "a=1;");
	assert_string_equal(err.text, "refused");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percent_decoding),
		cmocka_unit_test(test_percent_encoding_is_undone_by_decoding),
		cmocka_unit_test(test_form_gives_its_names_and_values),
		cmocka_unit_test(test_visitor_that_refuses_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
