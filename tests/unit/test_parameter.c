/*
 * Values held against their parameter's entry in a table.
 */
#include "support.h"

#include "fcgi/parameter.h"

enum {
	TEXT,
	TEXTS,
	NAME,
	ID,
	NUMBER,
	SECONDS,
	DECIMAL,
	SIZE,
	BOOLEAN,
	FLAG,
	CHOICE,
	PAIRS,
	PATH,
	COMMAND,
	FILES
};

static const struct parameter table[] = {
	[TEXT] = { .name = "text", .type = PARAMETER_TEXT },
	[TEXTS] = { .name = "texts", .type = PARAMETER_TEXTS, .least = 1, .most = 4 },
	[NAME] = { .name = "name",
	    .type = PARAMETER_TEXT,
	    .required = true,
	    .least = 1,
	    .most = 8 },
	[ID] = { .name = "id", .type = PARAMETER_ID },
	[NUMBER] = { .name = "number", .type = PARAMETER_NUMBER, .least = 1, .most = 100 },
	[SECONDS] = { .name = "seconds", .type = PARAMETER_NUMBER, .choices = "seconds" },
	[DECIMAL] = { .name = "decimal", .type = PARAMETER_DECIMAL, .least = 10, .most = 4000 },
	[SIZE] = { .name = "size", .type = PARAMETER_BYTES, .least = 1024 },
	[BOOLEAN] = { .name = "boolean", .type = PARAMETER_BOOLEAN },
	[FLAG] = { .name = "flag", .type = PARAMETER_FLAG },
	[CHOICE] = { .name = "choice", .type = PARAMETER_CHOICE, .choices = "stop continue" },
	[PAIRS] = { .name = "pairs", .type = PARAMETER_PAIRS },
	[PATH] = { .name = "path", .type = PARAMETER_PATH },
	[COMMAND] = { .name = "command", .type = PARAMETER_COMMAND, .least = 1 },
	[FILES] = { .name = "files", .type = PARAMETER_FILES },
	{ 0 },
};

static void
test_text_is_held_against_its_type(void **state)
{
	static const struct {
		int parameter;
		const char *text;
		int64_t number;   /* that it is read as */
		const char *says; /* NULL: it is taken */
	} rows[] = {
		{ TEXT, "", 0, NULL },
		{ TEXT, "any thing, \n and \xc3\xa9", 0, NULL },
		{ TEXT, "\xff", 0, "text: must be valid UTF-8" },
		{ TEXT, "\xed\xa0\x80", 0, "must be valid UTF-8" },
		{ NAME, "a", 0, NULL },
		{ NAME, "12345678", 0, NULL },
		{ NAME, "123456789", 0, "name: must have at most 8 bytes" },
		{ NAME, "", 0, "name: must not be empty" },
		{ ID, "0", 0, NULL },
		{ ID, "12", 12, NULL },
		{ ID, "9223372036854775807", INT64_MAX, NULL },
		{ ID, "9223372036854775808", 0, "id: must be an id" },
		{ ID, "-1", 0, "must be an id" },
		{ ID, "+1", 0, "must be an id" },
		{ ID, "1x", 0, "must be an id" },
		{ ID, "", 0, "must be an id" },
		{ NUMBER, "1", 1, NULL },
		{ NUMBER, "100", 100, NULL },
		{ NUMBER, "0", 0, "number: must be from 1 to 100" },
		{ NUMBER, "101", 0, "number: must be from 1 to 100" },
		{ NUMBER, "-5", 0, "number: must be from 1 to 100" },
		{ NUMBER, "ten", 0, "number: must be a whole number" },
		{ NUMBER, "1.5", 0, "must be a whole number" },
		{ NUMBER, "1e+01", 10, NULL }, /* R writes 100000 so in a form */
		{ NUMBER, "60.0", 60, NULL },
		{ NUMBER, "1e+05", 0, "number: must be from 1 to 100" },
		{ NUMBER, "1e-1", 0, "number: must be a whole number" },
		{ NUMBER, "1e", 0, "number: must be a whole number" },
		{ NUMBER, "0x1e", 0, "number: must be a whole number" },
		{ NUMBER, "1e300", 0, "number: must be a whole number" },
		{ NUMBER, "1e+", 0, "number: must be a whole number" },
		{ ID, "1e+05", 100000, NULL },
		{ ID, "1.5e0", 0, "id: must be an id" },
		{ SIZE, "1e+09", 1000000000, NULL },
		{ SIZE, "1e+09k", 0, "size: must be a size" },
		{ SECONDS, "60s", 0, "seconds: must be a whole number of seconds, without a unit" },
		{ NUMBER, "99999999999999999999", 0, "must be a whole number" },
		{ DECIMAL, "0.01", 0, NULL },
		{ DECIMAL, "4", 0, NULL },
		{ DECIMAL, "0.009", 0, "decimal: must be from 0.01 to 4" },
		{ DECIMAL, "4.001", 0, "decimal: must be from 0.01 to 4" },
		{ DECIMAL, "nan", 0, "decimal: must be a number like 1.5" },
		{ DECIMAL, "1e1", 0, "must be a number like 1.5" },
		{ SIZE, "1024", 1024, NULL },
		{ SIZE, "64m", 64 << 20, NULL },
		{ SIZE, "1023", 0, "size: must be at least 1 KiB (1024 bytes); a number without" },
		{ SIZE, "much", 0, "size: must be a size" },
		{ SIZE, "-1", 0, "must be a size" },
		{ BOOLEAN, "true", 1, NULL },
		{ BOOLEAN, "True", 1, NULL },
		{ BOOLEAN, "1", 1, NULL },
		{ BOOLEAN, "false", 0, NULL },
		{ BOOLEAN, "0", 0, NULL },
		{ BOOLEAN, "", 0, "boolean: must be true or false" },
		{ BOOLEAN, "yes", 0, "must be true or false" },
		{ FLAG, "", 1, NULL },
		{ FLAG, "1", 1, NULL },
		{ FLAG, "false", 0, NULL },
		{ FLAG, "what", 0, "flag: must be true or false" },
		{ CHOICE, "stop", 0, NULL },
		{ CHOICE, "continue", 0, NULL },
		{ CHOICE, "sto", 0, "choice: must be one of: stop continue" },
		{ CHOICE, "stop continue", 0, "must be one of" },
		{ CHOICE, "Stop", 0, "must be one of" },
		{ CHOICE, "", 0, "must be one of" },
		{ PAIRS, "A=1", 0, NULL },
		{ PAIRS, "A=", 0, NULL },
		{ PAIRS, "A=b=c", 0, NULL },
		{ PAIRS, "{a}=1", 0, NULL },
		{ PAIRS, "[a]=1", 0, NULL },
		{ PAIRS, "", 0, "pairs: must be KEY=VALUE" },
		{ PAIRS, "A", 0, "must be KEY=VALUE" },
		{ PAIRS, "=1", 0, "must be KEY=VALUE" },
		{ PAIRS, "A=b c\n", 0, NULL },
		{ PAIRS, "export A=1", 0, "the key 'export A' contains a space" },
		{ PAIRS, "A =1", 0, "without spaces before '='" },
		{ PAIRS, "\nA=1", 0, "a space or a line break" },
		{ PATH, "/srv", 0, NULL },
		{ PATH, "", 0, NULL },
		{ PATH, "srv", 0, "path: must be an absolute path" },
		{ COMMAND, "echo hi", 0, NULL },
		{ COMMAND, "[ -f x ] && echo", 0, NULL },
		{ COMMAND, "[\"echo\", \"hi\"]", 0, NULL },
		{ COMMAND, "[\"echo\"", 0, NULL }, /* a shell's business */
		{ COMMAND, "{\"a\": 1}", 0, NULL },
		{ COMMAND, "", 0, "command: must not be empty" },
		{ COMMAND, "@run.sh", 0, "command: this is the path of a file, not its text" },
		{ COMMAND, "[]", 0, "command: a JSON array must contain only strings" },
		{ COMMAND, "[\"echo\", 1]", 0, "a JSON array must contain only strings" },
		{ COMMAND, "[\"a\\u0000b\"]", 0, "command: must not contain NUL" },
		{ FILES, "x", 0, "files: must come as files" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct parameter *p = &table[rows[i].parameter];
		struct error err = { .kind = ERROR_NONE };
		struct values values = { 0 };
		bool taken = parameter_add(&values, p, rows[i].text, strlen(rows[i].text), &err);

		row_check(failed, taken == (rows[i].says == NULL), "%s = '%s': %s", p->name,
		    rows[i].text, err.text);
		if (taken) {
			const struct value *value = parameter_value(&values, p->name);

			row_check(failed,
			    value != NULL && strcmp(value->text, rows[i].text) == 0 &&
				value->number == rows[i].number,
			    "%s = '%s'", p->name, rows[i].text);
		} else {
			row_check(failed,
			    err.kind == ERROR_INPUT && strstr(err.text, rows[i].says) != NULL &&
				values.count == 0,
			    "%s = '%s': %s", p->name, rows[i].text, err.text);
		}
		parameter_clear(&values);
	}
	rows_end(failed);
}

static void
test_white_space_around_a_number_or_word_does_not_count(void **state)
{
	static const struct {
		int parameter;
		const char *text, *read;
	} rows[] = {
		{ ID, " 12\n", "12" },
		{ NUMBER, "7\r\n", "7" },
		{ DECIMAL, "\t2.5 ", "2.5" },
		{ SIZE, "2g\n", "2g" },
		{ BOOLEAN, "true\n", "true" },
		{ CHOICE, "stop ", "stop" },
		{ TEXT, " a\n", " a\n" },
		{ PAIRS, "a=1\n", "a=1\n" },
		{ COMMAND, " a\n", " a\n" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct parameter *p = &table[rows[i].parameter];
		struct values values = { 0 };
		struct error err = { .kind = ERROR_NONE };
		bool taken = parameter_add(&values, p, rows[i].text, strlen(rows[i].text), &err);

		row_check(failed,
		    taken && strcmp(parameter_value(&values, p->name)->text, rows[i].read) == 0,
		    "%s = '%s': %s", p->name, rows[i].text, err.text);
		parameter_clear(&values);
	}
	rows_end(failed);
}

static void
test_decimal_is_read(void **state)
{
	struct values values = { 0 };
	struct error err;

	(void)state;
	must(parameter_add(&values, &table[DECIMAL], "2.5", 3, &err), &err);
	assert_true(parameter_value(&values, "decimal")->decimal == 2.5);
	parameter_clear(&values);
}

static void
test_text_ends_by_its_length_and_holds_no_nul(void **state)
{
	struct values values = { 0 };
	struct error err;

	(void)state;
	assert_false(parameter_add(&values, &table[TEXT], "a\0b", 3, &err));
	assert_int_equal(err.kind, ERROR_INPUT);
	must(parameter_add(&values, &table[TEXT], "abcdef", 3, &err), &err);
	assert_string_equal(parameter_value(&values, "text")->text, "abc");
	parameter_clear(&values);
	parameter_clear(&values);
}

static void
test_byte_order_mark_is_left_out_unless_the_text_is_exact(void **state)
{
	static const struct parameter password = {
		.name = "password", .type = PARAMETER_TEXT, .exact = true
	};
	struct values values = { 0 };
	struct error err;

	(void)state;
	must(parameter_add(&values, &table[TEXT],
		 "\xef\xbb\xbf"
		 "FROM x",
		 9, &err),
	    &err);
	must(parameter_add(&values, &table[NUMBER],
		 "\xef\xbb\xbf"
		 "7",
		 4, &err),
	    &err);
	must(parameter_add(&values, &password,
		 "\xef\xbb\xbf"
		 "x",
		 4, &err),
	    &err);
	assert_string_equal(values.items[0].text, "FROM x");
	assert_int_equal(values.items[1].number, 7);
	assert_string_equal(values.items[2].text,
	    "\xef\xbb\xbf"
	    "x");
	parameter_clear(&values);
}

static void
test_only_pairs_and_texts_may_come_several_times(void **state)
{
	struct values values = { 0 };
	struct error err;

	(void)state;
	must(parameter_add(&values, &table[TEXT], "a", 1, &err), &err);
	assert_false(parameter_add(&values, &table[TEXT], "a", 1, &err));
	assert_string_equal(err.text, "text: must be given only once");
	for (int i = 0; i < 3; i++)
		must(parameter_add(&values, &table[PAIRS], "a=", 2, &err), &err);
	assert_int_equal(values.count, 4);
	for (int i = 0; i < 3; i++)
		must(parameter_add(&values, &table[TEXTS], "[\"a", 3, &err), &err);
	assert_int_equal(values.count, 7);
	parameter_clear(&values);
}

static void
test_texts_come_as_an_array(void **state)
{
	static const struct {
		const char *json;
		size_t count;
		const char *error;
	} rows[] = {
		{ "[]", 0, NULL },
		{ "null", 0, NULL },
		{ "\"a\"", 1, NULL },
		{ "[\"a\", \"[b]\", 3]", 3, NULL },
		{ "[\"a\", \"abcde\"]", 1, "texts: must have at most 4 bytes" },
		{ "[\"\"]", 0, "texts: must not be empty" },
		{ "[[\"a\"]]", 0, "texts: must not contain lists" },
		{ "{\"a\": \"b\"}", 0, "texts: must not be an object" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_json json_t *json = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
		struct error err = { .text = "" };
		struct values values = { 0 };
		bool taken = parameter_add_json(&values, &table[TEXTS], json, &err);

		row_check(failed,
		    taken == (rows[i].error == NULL) && values.count == rows[i].count &&
			strcmp(err.text, taken ? "" : rows[i].error) == 0,
		    "%s: %s", rows[i].json, err.text);
		parameter_clear(&values);
	}
	rows_end(failed);
}

static void
test_texts_are_limited_one_by_one_and_together(void **state)
{
	cleanup_free char *text = malloc(TEXT_MOST + 1);
	struct values values = { 0 };
	struct error err;

	(void)state;
	memset(text, 'x', TEXT_MOST + 1);
	text[1] = '=';
	assert_false(parameter_add(&values, &table[TEXT], text, TEXT_MOST + 1, &err));
	assert_int_equal(err.kind, ERROR_TOO_LARGE);
	for (int i = 0; i < TEXTS_MOST / TEXT_MOST; i++)
		must(parameter_add(&values, &table[PAIRS], text, TEXT_MOST, &err), &err);
	assert_false(parameter_add(&values, &table[PAIRS], text, 2, &err));
	assert_int_equal(err.kind, ERROR_TOO_LARGE);
	parameter_clear(&values);
	for (int i = 0; i < VALUES_MOST; i++)
		must(parameter_add(&values, &table[PAIRS], "a=", 2, &err), &err);
	assert_false(parameter_add(&values, &table[PAIRS], "a=", 2, &err));
	assert_int_equal(err.kind, ERROR_TOO_LARGE);
	parameter_clear(&values);
}

static void
test_json_is_read_as_the_text_that_it_stands_for(void **state)
{
	static const struct {
		int parameter;
		const char *json;
		const char *expected; /* the first value's text; NULL: none */
		const char *says;     /* NULL: it is taken */
	} rows[] = {
		{ TEXT, "\"a\"", "a", NULL },
		{ TEXT, "null", NULL, NULL },
		{ TEXT, "[\"a\"]", "a", NULL },
		{ TEXT, "12", "12", NULL },
		{ TEXT, "\"a\\u0000b\"", NULL, "without NUL" },
		{ TEXT, "[]", NULL, "text: must be one value" },
		{ TEXT, "[\"a\", \"b\"]", NULL, "text: must be one value" },
		{ TEXT, "[[\"a\"]]", NULL, "must not contain lists" },
		{ TEXT, "{\"a\": 1}", NULL, "text: must not be an object" },
		{ NUMBER, "5", "5", NULL },
		{ NUMBER, "\"5\"", "5", NULL },
		{ NUMBER, "[5]", "5", NULL },
		{ NUMBER, "5.0", "5", NULL },
		{ NUMBER, "5.5", NULL, "must be a whole number" },
		{ NUMBER, "true", NULL, "must be a whole number" },
		{ NUMBER, "101", NULL, "from 1 to 100" },
		{ DECIMAL, "1.5", "1.5", NULL },
		{ DECIMAL, "2", "2", NULL },
		{ DECIMAL, "0.1", "0.1", NULL },
		{ DECIMAL, "1e300", NULL, "decimal: " },
		{ SIZE, "2048", "2048", NULL },
		{ SIZE, "\"2k\"", "2k", NULL },
		{ BOOLEAN, "true", "true", NULL },
		{ BOOLEAN, "false", "false", NULL },
		{ BOOLEAN, "1", "1", NULL },
		{ BOOLEAN, "2", NULL, "must be true or false" },
		{ PAIRS, "[\"a=1\", \"b=2\"]", "a=1", NULL },
		{ PAIRS, "[]", NO_PAIRS, NULL },
		{ PAIRS, "\"a=1\"", "a=1", NULL },
		{ PAIRS, "{\"a\": \"x=1\"}", "a=x=1", NULL },
		{ PAIRS, "{\"a\": 1}", "a=1", NULL },
		{ PAIRS, "{\"a\": true}", "a=true", NULL },
		{ PAIRS, "{\"a\": \"\"}", "a=", NULL },
		{ PAIRS, "{\"a\": null}", NULL, NULL },
		{ PAIRS, "{}", NO_PAIRS, NULL },
		{ PAIRS, "\"{\\\"a\\\": 1}\"", "a=1", NULL }, /* a form's text that is an object */
		{ PAIRS, "[{\"a\": 1}]", "a=1", NULL },
		{ PAIRS, "{\"\": 1}", NULL, "pairs: a key must not be empty or contain '='" },
		{ PAIRS, "{\"a=b\": 1}", NULL, "pairs: a key must not be empty or contain '='" },
		{ PAIRS, "{\"a\": [1]}", NULL,
		    "pairs: the value of a key must be a text or a number" },
		{ PAIRS, "{\"a\": {}}", NULL,
		    "pairs: the value of a key must be a text or a number" },
		{ FILES, "null", NULL, NULL },
		{ FILES, "[]", NULL, NULL },
		{ FILES, "[\"a\", \"b\"]", NULL, "files: must come as files" },
		{ FILES, "[{\"name\": \"a\"}]", NULL, "files: must come as files" },
		{ PAIRS, "[\"a=1\", [\"b=2\"]]", NULL, "must not contain lists" },
		{ PAIRS, "[{\"name\": \"A\", \"value\": \"1\"}]", NULL,
		    "pairs: write {\"KEY\": \"VALUE\"}, not" },
		{ PAIRS, "{\"value\": \"1\"}", "value=1", NULL },
		{ COMMAND, "\"echo hi\"", "echo hi", NULL },
		{ COMMAND, "[\"echo hi\"]", "echo hi", NULL }, /* a list of one sends that one */
		{ COMMAND, "[\"echo\", \"hi\"]", "[\"echo\",\"hi\"]", NULL },
		{ COMMAND, "[\"caf\\u00e9\", \"\\n\"]", "[\"caf\xc3\xa9\",\"\\n\"]", NULL },
		{ COMMAND, "[\"a\", 1]", NULL, "command: must be one value" },
		{ COMMAND, "[]", NULL, "command: must be one value" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct parameter *p = &table[rows[i].parameter];
		cleanup_json json_t *json =
		    json_loads(rows[i].json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		struct error err = { .kind = ERROR_NONE };
		struct values values = { 0 };
		const struct value *value;
		bool taken;

		assert_non_null(json);
		taken = parameter_add_json(&values, p, json, &err);
		row_check(failed, taken == (rows[i].says == NULL), "%s: %s: %s", p->name,
		    rows[i].json, err.text);
		value = parameter_value(&values, p->name);
		if (!taken)
			row_check(failed,
			    err.kind == ERROR_INPUT && strstr(err.text, rows[i].says) != NULL,
			    "%s: %s: %s", p->name, rows[i].json, err.text);
		else if (rows[i].expected == NULL)
			row_check(failed, value == NULL, "%s: %s", p->name, rows[i].json);
		else
			row_check(failed,
			    value != NULL && strcmp(value->text, rows[i].expected) == 0,
			    "%s: %s: '%s'", p->name, rows[i].json,
			    value != NULL ? value->text : "");
		parameter_clear(&values);
	}
	rows_end(failed);
}

static void
test_json_list_gives_all_its_texts_in_their_order(void **state)
{
	cleanup_json json_t *json = json_loads("[\"a=1\", \"b=2\", \"c=\"]", 0, NULL);
	struct values values = { 0 };
	struct error err;

	(void)state;
	must(parameter_add_json(&values, &table[PAIRS], json, &err), &err);
	assert_int_equal(values.count, 3);
	assert_string_equal(values.items[0].text, "a=1");
	assert_string_equal(values.items[1].text, "b=2");
	assert_string_equal(values.items[2].text, "c=");
	parameter_clear(&values);
}

static void
test_what_is_required_must_come(void **state)
{
	struct values values = { 0 };
	struct error err;

	(void)state;
	assert_false(parameter_check_complete(&values, table, &err));
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_string_equal(err.text, "name: is missing");
	must(parameter_add(&values, &table[TEXT], "a", 1, &err), &err);
	assert_false(parameter_check_complete(&values, table, &err));
	must(parameter_add(&values, &table[NAME], "a", 1, &err), &err);
	assert_true(parameter_check_complete(&values, table, &err));
	assert_true(parameter_check_complete(&values, NULL, &err));
	parameter_clear(&values);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_held_against_its_type),
		cmocka_unit_test(test_white_space_around_a_number_or_word_does_not_count),
		cmocka_unit_test(test_decimal_is_read),
		cmocka_unit_test(test_text_ends_by_its_length_and_holds_no_nul),
		cmocka_unit_test(test_byte_order_mark_is_left_out_unless_the_text_is_exact),
		cmocka_unit_test(test_only_pairs_and_texts_may_come_several_times),
		cmocka_unit_test(test_texts_come_as_an_array),
		cmocka_unit_test(test_texts_are_limited_one_by_one_and_together),
		cmocka_unit_test(test_json_is_read_as_the_text_that_it_stands_for),
		cmocka_unit_test(test_json_list_gives_all_its_texts_in_their_order),
		cmocka_unit_test(test_what_is_required_must_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
