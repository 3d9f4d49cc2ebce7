/*
 * Which images a Dockerfile needs.
 */
#include "support.h"

#include "dockerfile_base.h"

static void
test_only_the_images_of_the_last_stage_are_needed(void **state)
{
	static const struct {
		const char *text, *images;
	} rows[] = {
		{ "FROM a\n", "[\"a\"]" },
		{ "FROM a:1\nRUN x\nFROM b\n", "[\"b\"]" },
		{ "FROM a AS x\nFROM b\nCOPY --from=x /f /\n", "[\"b\",\"a\"]" },
		{ "FROM a as X\nFROM x\n", "[\"a\"]" },
		{ "FROM a\nFROM b\nFROM c\nCOPY --from=1 /f /\nCOPY --from=7 /f /\n",
		    "[\"c\",\"b\"]" },
		{ "FROM a AS test\nFROM b AS dev\nFROM c AS prod\n", "[\"c\"]" },
		{ "FROM a AS x\nFROM x AS y\nFROM y\nCOPY --from=a /f /\n", "[\"a\"]" },
		{ "FROM scratch\nCOPY --chown=1:1 --from=r.example:5000/n/a:1 /f /\n",
		    "[\"r.example:5000/n/a:1\"]" },
		{ "FROM --platform=linux/amd64 a@sha256:00\n", "[\"a@sha256:00\"]" },
		{ "FROM a\nRUN --mount=type=bind,from=b,target=/x --mount=from=c ls --mount=from=d\n",
		    "[\"a\",\"b\",\"c\"]" },
		{ "FROM a AS b\nFROM b AS b\n", "[\"a\"]" },
		{ "ARG X=1\nFROM $X\nCOPY --from=../x /a /b\nCOPY --from=/x /a /b\n", "[]" },
		{ "FROM a\nRUN <<EOT\nFROM b\nEOT\n", "[\"a\"]" },
		{ "FROM\nCOPY\n", "[]" },
		{ "", "[]" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_instructions struct dockerfile_instructions all = { 0 };
		cleanup_json json_t *images = NULL;
		cleanup_free char *text = NULL;
		struct error err;

		must(dockerfile_instruction_read(&all, rows[i].text, &err), &err);
		images = dockerfile_base_list(&all, &err);
		text = json_dumps(images, JSON_COMPACT);
		row_check(failed, text != NULL && strcmp(text, rows[i].images) == 0, "%s: %s",
		    rows[i].text, text);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_images_of_the_last_stage_are_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
