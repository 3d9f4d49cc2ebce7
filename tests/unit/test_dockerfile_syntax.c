/*
 * "# syntax=" at the top of a Dockerfile.
 */
#include "support.h"

#include "dockerfile_syntax.h"

static void
test_only_dockers_own_syntax_is_allowed_and_dropped(void **state)
{
	static const struct {
		const char *text;
		const char *dropped; /* NULL: refused */
	} rows[] = {
		{ "FROM x\n", "FROM x\n" },
		{ "", "" },
		{ "# syntax=docker/dockerfile:1\nFROM x\n", "#\nFROM x\n" },
		{ "#syntax = docker/dockerfile\nFROM x\n", "#\nFROM x\n" },
		{ "# Syntax=docker.io/docker/dockerfile:1.4-labs \nFROM x\n", "#\nFROM x\n" },
		{ "# syntax=docker/dockerfile@sha256:0\r\nFROM x\n", "#\nFROM x\n" },
		{ "# syntax=docker/dockerfile-upstream:master\nFROM x\n", "#\nFROM x\n" },
		{ "# syntax=docker/dockerfile", "#\n" },
		{ "# syntax=docker/dockerfile\n# escape=`\nFROM x\n", "# escape=`\n#\nFROM x\n" },
		{ "# escape=`\n# syntax=docker/dockerfile\nFROM x\n", "# escape=`\n#\nFROM x\n" },
		{ "# syntax=docker/dockerfile\n# escape=`", "# escape=`\n#\n" },
		{ "# syntax=docker/dockerfile\n# a comment\nFROM x\n", "#\n# a comment\nFROM x\n" },
		{ "\xef\xbb\xbf# syntax=docker/dockerfile\nFROM x\n", "#\nFROM x\n" },
		{ "#!/usr/bin/x\n# syntax=docker/dockerfile\nFROM x\n",
		    "#!/usr/bin/x\n#\nFROM x\n" },
		{ "# syntax=docker/dockerfile extra words\nFROM x\n", "#\nFROM x\n" },
		{ "# a comment\n# syntax=evil\nFROM x\n", "# a comment\n# syntax=evil\nFROM x\n" },
		{ "FROM x\n# syntax=evil\n", "FROM x\n# syntax=evil\n" },
		{ "# syntax: evil\nFROM x\n", "# syntax: evil\nFROM x\n" },
		{ "# syntax=evil\nFROM x\n", NULL },
		{ "#syntax=docker/dockerfile.evil/x\nFROM x\n", NULL },
		{ "#syntax=docker/dockerfile2\nFROM x\n", NULL },
		{ "#syntax=evil/docker/dockerfile\nFROM x\n", NULL },
		{ "  # syntax=evil\nFROM x\n", NULL },
		{ "\n# syntax=evil\nFROM x\n", NULL },
		{ "# SYNTAX\t=\tevil\nFROM x\n", NULL },
		{ "# escape=`\n# syntax=evil\nFROM x\n", NULL },
		{ "# unknown=x\n# syntax=evil\nFROM x\n", NULL },
		{ "# syntax=docker/dockerfile\n# syntax=evil\nFROM x\n", NULL },
		{ "\xef\xbb\xbf#syntax=evil\nFROM x\n", NULL },
		{ "#!x\n#syntax=evil\nFROM x\n", NULL },
		{ "\xef\xbb\xbf#!x\n#syntax=evil\nFROM x\n", NULL },
		{ "// syntax=evil\nFROM x\n", NULL },
		{ "//syntax=docker/dockerfile\nFROM x\n", NULL },
		{ "{\"syntax\": \"evil\"}", NULL },
		{ "\n {\"syntax\": \"evil\"}", NULL },
		{ "#!x\n{\"syntax\": \"evil\"}", NULL },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { .kind = ERROR_NONE };
		cleanup_free char *dropped = dockerfile_syntax_drop(rows[i].text, &err);

		if (rows[i].dropped == NULL)
			row_check(failed, dropped == NULL && err.kind == ERROR_INPUT, "%s: %s",
			    rows[i].text, dropped != NULL ? dropped : err.text);
		else
			row_check(failed, dropped != NULL && strcmp(dropped, rows[i].dropped) == 0,
			    "%s: %s", rows[i].text, dropped != NULL ? dropped : err.text);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_dockers_own_syntax_is_allowed_and_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
