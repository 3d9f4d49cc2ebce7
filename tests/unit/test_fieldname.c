/*
 * The names under which clients send fields: lists, maps, and names that are wrong.
 */
#include "support.h"

#include "fcgi/fieldname.h"

enum { MEMORY, CPUS, ENV, COMMAND, ATTACHMENTS, MAX_PARALLEL };

static const struct parameter table[] = {
	[MEMORY] = { .name = "memory", .type = PARAMETER_BYTES },
	[CPUS] = { .name = "cpus", .type = PARAMETER_DECIMAL },
	[ENV] = { .name = "env", .type = PARAMETER_PAIRS },
	[COMMAND] = { .name = "command", .type = PARAMETER_COMMAND, .file = true },
	[ATTACHMENTS] = { .name = "attachments", .type = PARAMETER_FILES },
	[MAX_PARALLEL] = { .name = "max_parallel", .type = PARAMETER_NUMBER },
	{ 0 },
};

static void
test_name_of_a_list_or_of_a_map_is_understood(void **state)
{
	static const struct {
		const char *name;
		int parameter;   /* -1: unknown */
		const char *key; /* "": none */
	} rows[] = {
		{ "env", ENV, "" },
		{ "env[]", ENV, "" },
		{ "env[0]", ENV, "" },
		{ "env[12]", ENV, "" },
		{ "env[A]", ENV, "A" },
		{ "env[A_1]", ENV, "A_1" },
		{ "env.0", ENV, "" },
		{ "env.A", ENV, "A" },
		{ "env.A.b", ENV, "A.b" },
		{ "env{}", ENV, "" },
		{ "env%5B%5D", ENV, "" },
		{ "env%5b0%5d", ENV, "" },
		{ "env%5BA%5D", ENV, "A" },
		{ "attachments[]", ATTACHMENTS, "" },
		{ "attachments[0]", ATTACHMENTS, "" },
		{ "attachments[123456789012345678901234567890]", ATTACHMENTS, "" },
		{ "memory[]", MEMORY, "" },
		{ "attachments[a]", -1, "" },
		{ "memory[a]", -1, "" },
		{ "memory.a", -1, "" },
		{ "env.", -1, "" },
		{ "env{", -1, "" },
		{ "env{}x", -1, "" },
		{ "env[", -1, "" },
		{ "env]", -1, "" },
		{ "env[]]", -1, "" },
		{ "env[][]", -1, "" },
		{ "env[0]x", -1, "" },
		{ "env%5", -1, "" },
		{ "[]", -1, "" },
		{ "[env]", -1, "" },
		{ "en", -1, "" },
		{ "envs", -1, "" },
		{ "Env", -1, "" },
		{ "", -1, "" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fieldname found = fieldname_find(table, rows[i].name);

		row_check(failed,
		    found.parameter == (rows[i].parameter < 0 ? NULL : &table[rows[i].parameter]),
		    "%s: %s", rows[i].name,
		    found.parameter == NULL ? "unknown" : found.parameter->name);
		row_check(failed,
		    found.key_length == strlen(rows[i].key) &&
			(found.key_length == 0 ||
			    strncmp(found.key, rows[i].key, found.key_length) == 0),
		    "%s: its key has %zu bytes", rows[i].name, found.key_length);
	}
	assert_null(fieldname_find(NULL, "env").parameter);
	rows_end(failed);
}

static void
test_key_in_a_name_makes_a_pair(void **state)
{
	struct fieldname field = fieldname_find(table, "env[A]");
	struct values values = { 0 };
	struct error err;

	(void)state;
	must(fieldname_add(&values, &field, "x=y", 3, &err), &err);
	must(fieldname_add(&values, &field, "", 0, &err), &err);
	assert_string_equal(values.items[0].text, "A=x=y");
	assert_string_equal(values.items[1].text, "A=");
	field = fieldname_find(table, "env[A=B]");
	assert_false(fieldname_add(&values, &field, "x", 1, &err));
	assert_string_equal(err.text, "env: a key must not be empty or contain '='");
	parameter_clear(&values);
}

static void
test_unknown_name_is_told_the_nearest_one(void **state)
{
	static const struct {
		const char *name;
		const char *meant; /* NULL: none is near */
	} rows[] = {
		{ "memroy", "memory" },
		{ "Memory", "memory" },
		{ "mem", "memory" },
		{ "memory_limit", "memory" },
		{ "memories", "memory" },
		{ "cpu", "cpus" },
		{ "commnad", "command" },
		{ "comand", "command" },
		{ "environment", "env" },
		{ "envs", "env" },
		{ "attachment", "attachments" },
		{ "attachements", "attachments" },
		{ "maxParallel", "max_parallel" },
		{ "max-parallel", "max_parallel" },
		{ "colour", NULL },
		{ "file", NULL },
		{ "x", NULL },
		{ "", NULL },
		{ "memorymemorymemorymemorymemorymemory", NULL },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err;
		char expected[256];

		if (rows[i].meant != NULL)
			snprintf(expected, sizeof expected,
			    "%s: there is no such parameter; did you mean %s?", rows[i].name,
			    rows[i].meant);
		else
			snprintf(expected, sizeof expected,
			    "%s: there is no such parameter; this call takes: memory, cpus, env, command, "
			    "attachments, max_parallel",
			    rows[i].name);
		row_check(failed, !fieldname_unknown(table, rows[i].name, &err), "%s",
		    rows[i].name);
		row_check(failed, err.kind == ERROR_INPUT && strcmp(err.text, expected) == 0,
		    "%s: %s", rows[i].name, err.text);
	}
	rows_end(failed);
}

static void
test_unknown_file_is_told_the_field_for_files(void **state)
{
	struct error err;

	(void)state;
	assert_false(fieldname_unknown_file(table, "file", &err));
	assert_string_equal(err.text,
	    "file: there is no field of this name for files; send files as attachments "
	    "(a text that may come as a file: command)");
	assert_false(fieldname_unknown_file(NULL, "file", &err));
	assert_string_equal(err.text,
	    "file: this call takes no files; send files as attachments of a job or an image");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_of_a_list_or_of_a_map_is_understood),
		cmocka_unit_test(test_key_in_a_name_makes_a_pair),
		cmocka_unit_test(test_unknown_name_is_told_the_nearest_one),
		cmocka_unit_test(test_unknown_file_is_told_the_field_for_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
