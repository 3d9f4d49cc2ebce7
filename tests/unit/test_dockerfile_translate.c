/*
 * What a Dockerfile becomes for the engine: with the values of its ARGs, and other names of images.
 */
#include "support.h"

#include <jansson.h>

#include "dockerfile_translate.h"

/* Gives "own" another name, and refuses "never". */
static bool
visit(void *context, const char *name, char **other, struct error *err)
{
	if (context != NULL) {
		char *seen = context;

		strcat(seen, name);
		strcat(seen, " ");
	}
	if (strcmp(name, "never") == 0)
		return error_set(err, ERROR_INPUT, "never");
	if (strcmp(name, "own") == 0)
		*other = strdup("kabuto/x-1:2-3");
	return true;
}

static void
test_stage_that_could_be_an_id_gets_another_name(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "FROM x AS be\nFROM be AS y\nCOPY --from=BE a b\nCOPY --from=0 a b\n",
		    "FROM x AS stage-be\nFROM stage-be AS y\nCOPY --from=stage-BE a b\nCOPY --from=0 a b\n" },
		{ "FROM x as  b # c\nRUN --mount=from=b,target=/b true\n",
		    "FROM x AS stage-b # c\nRUN --mount=from=stage-b,target=/b true\n" },
		{ "FROM x AS base\nFROM base\nCOPY --from=fe a b\n",
		    "FROM x AS base\nFROM base\nCOPY --from=fe a b\n" },
		{ "ARG S=fe\nFROM x AS fe\nFROM $S\nFROM ${S}d\n",
		    "ARG S=fe\nFROM x AS stage-fe\nFROM stage-fe\nFROM fed\n" },
		{ "FROM be\nFROM x AS be\n", "FROM be\nFROM x AS stage-be\n" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_instructions struct dockerfile_instructions all = { 0 };
		struct dockerfile_translation translation = { .text = rows[i].text,
			.instructions = &all };
		struct error err = { .text = "" };
		cleanup_free char *same = NULL, *got = NULL;

		must(dockerfile_instruction_read(&all, rows[i].text, &err), &err);
		same = dockerfile_translate(&translation, &err);
		translation.rename_stages = true;
		got = dockerfile_translate(&translation, &err);
		row_check(failed, same != NULL && strstr(same, "stage-") == NULL, "%s",
		    rows[i].text);
		row_check(failed, got != NULL && strcmp(got, rows[i].expected) == 0, "%s: %s %s",
		    rows[i].text, got != NULL ? got : "", err.text);
	}
	rows_end(failed);
}

static char *
translate(const char *text, json_t *arguments, char *seen, struct error *err)
{
	cleanup_instructions struct dockerfile_instructions all = { 0 };
	const struct dockerfile_translation translation = { .text = text,
		.instructions = &all,
		.arguments = arguments,
		.visit = visit,
		.context = seen };

	err->text[0] = '\0';
	return dockerfile_instruction_read(&all, text, err)
	    ? dockerfile_translate(&translation, err)
	    : NULL;
}

static void
test_variables_get_their_values_by_the_rules_of_arg(void **state)
{
	static const struct {
		const char *text, *arguments, *expected; /* NULL: refused */
	} rows[] = {
		{ "FROM busybox\n", NULL, "FROM busybox\n" },
		{ "from  busybox   as X\n", NULL, "from  busybox   as X\n" },
		{ "ARG B=busybox\nFROM $B\n", NULL, "ARG B=busybox\nFROM busybox\n" },
		{ "ARG B=busybox\nFROM ${B}:1 AS x", NULL, "ARG B=busybox\nFROM busybox:1 AS x\n" },
		{ "FROM ${B:-busybox}\n", NULL, "FROM busybox\n" },
		{ "ARG B\nFROM ${B:-busybox}\n", NULL, "ARG B\nFROM busybox\n" },
		{ "ARG B\nFROM $B\n", "{\"B\": \"x\"}", "ARG B\nFROM x\n" },
		{ "ARG B=a\nFROM $B\n", "{\"B\": \"x\"}", "ARG B=a\nFROM x\n" },
		{ "FROM $B\n", "{\"B\": \"x\"}", NULL },
		{ "FROM $B\n", NULL, NULL },
		{ "ARG B\nFROM $B\n", NULL, NULL },
		{ "ARG B=\nFROM $B\n", NULL, NULL },
		{ "ARG V\nFROM python:$V\n", NULL, NULL },
		{ "ARG R\nFROM ${R}python:3\n", NULL, "ARG R\nFROM python:3\n" },
		{ "ARG A=1 B=2.$A\nFROM x:$B\n", NULL, "ARG A=1 B=2.$A\nFROM x:2.1\n" },
		{ "ARG A=\"a b\"\nARG B='c'\nFROM x:$B\n", NULL,
		    "ARG A=\"a b\"\nARG B='c'\nFROM x:c\n" },
		{ "ARG A=\"a b\"\nFROM $A\n", NULL, NULL },
		{ "ARG V=3\nARG B=python:${V}-slim\nFROM $B\n", NULL,
		    "ARG V=3\nARG B=python:${V}-slim\nFROM python:3-slim\n" },
		{ "ARG V=3\nARG B=python:${V}-slim\nFROM $B\n", "{\"V\": \"4\"}",
		    "ARG V=3\nARG B=python:${V}-slim\nFROM python:4-slim\n" },
		{ "arg V=3.11.2\nFROM python:${V%.*}\n", NULL, "arg V=3.11.2\nFROM python:3.11\n" },
		{ "ARG A=x\nFROM a\nARG A=y\nFROM $A\n", NULL,
		    "ARG A=x\nFROM a\nARG A=y\nFROM x\n" },
		{ "FROM a\nARG A=y\nFROM $A\n", NULL, NULL },
		{ "ARG A=x\nARG A=y\nFROM $A\n", NULL, "ARG A=x\nARG A=y\nFROM y\n" },
		{ "# escape=`\nARG A=x`\n  B=y\nFROM $B\n", NULL,
		    "# escape=`\nARG A=x`\n  B=y\nFROM y\n" },
		/* The lines keep their numbers. */
		{ "ARG A=x\nFROM \\\n # c\n  $A \\\n AS b\nRUN y\n", NULL,
		    "ARG A=x\n\n\n\nFROM x  AS b\nRUN y\n" },
		{ "ARG A=x\r\nFROM $A\r\nRUN y\r\n", NULL, "ARG A=x\r\nFROM x\nRUN y\r\n" },
		/* Stages and COPY. */
		{ "ARG S=b\nFROM a AS b\nFROM c\nCOPY --from=$S /x /y\n", NULL,
		    "ARG S=b\nFROM a AS b\nFROM c\nCOPY --from=b /x /y\n" },
		{ "FROM c\nARG S=d\nCOPY --chown=1 --from=${S}:1 /x \\\n /y\n", NULL,
		    "FROM c\nARG S=d\n\nCOPY --chown=1 --from=d:1 /x  /y\n" },
		{ "ARG S=b\nFROM c\nARG S\nCOPY --from=$S /x /y\n", "{\"S\": \"e\"}",
		    "ARG S=b\nFROM c\nARG S\nCOPY --from=e /x /y\n" },
		{ "FROM c\nCOPY --from=$S /x /y\n", NULL, NULL },
		{ "FROM c\nCOPY $S /x /y\n", NULL, "FROM c\nCOPY $S /x /y\n" },
		{ "ARG S=b\nFROM c\nRUN --mount=type=bind,from=$S,target=/x ls $S\n", NULL,
		    "ARG S=b\nFROM c\nRUN --mount=type=bind,from=b,target=/x ls $S\n" },
		{ "FROM c\nCOPY --link --from=d /x /y\n", NULL,
		    "FROM c\nCOPY --link=true --from=d /x /y\n" },
		/* The platform needs no ARG. */
		{ "FROM --platform=linux/arm64 a\n", NULL, "FROM --platform=linux/arm64 a\n" },
		{ "FROM --platform=$TARGETOS/x a\n", NULL, "FROM --platform=linux/x a\n" },
		{ "ARG TARGETOS=linux\nFROM --platform=$TARGETOS/x a:$TARGETOS\n",
		    "{\"TARGETOS\": \"plan9\"}",
		    "ARG TARGETOS=linux\nFROM --platform=plan9/x a:plan9\n" },
		{ "FROM --platform=$P a\n", NULL, NULL },
		/* Other names. */
		{ "FROM own\nCOPY --from=own a b\n", NULL,
		    "FROM kabuto/x-1:2-3\nCOPY --from=kabuto/x-1:2-3 a b\n" },
		{ "ARG A=ow\nFROM ${A}n\n", NULL, "ARG A=ow\nFROM kabuto/x-1:2-3\n" },
		{ "FROM a AS own\nFROM own\nFROM OWN\n", NULL,
		    "FROM a AS own\nFROM own\nFROM OWN\n" },
		{ "FROM a\nRUN --mount=from=own,target=/x ls\n", NULL,
		    "FROM a\nRUN --mount=from=kabuto/x-1:2-3,target=/x ls\n" },
		{ "FROM never\n", NULL, NULL },
		{ "FROM a\nRUN <<E\nFROM own\nE\n", NULL, "FROM a\nRUN <<E\nFROM own\nE\n" },
		{ "FROM a\nRUN --mount=from=own,target=/x \\\n cat <<E\na\nE\nFROM own\n", NULL,
		    "FROM a\n\nRUN --mount=from=kabuto/x-1:2-3,target=/x  cat <<E\na\nE\nFROM kabuto/x-1:2-3\n" },
		{ "FROM a\nRUN echo \\\nFROM own\n", NULL, "FROM a\nRUN echo \\\nFROM own\n" },
		{ "FROM a\nCMD FROM own\nENV FROM=own\n", NULL,
		    "FROM a\nCMD FROM own\nENV FROM=own\n" },
		{ "FROM \"own\"\n", NULL, "FROM kabuto/x-1:2-3\n" },
		{ "FROM o\\wn\n", NULL, "FROM kabuto/x-1:2-3\n" },
		{ "FROM a\nCOPY --from=\"own\" a b\n", NULL, NULL },
		{ "FROM a\nCOPY --\"from\"=own a b\n", NULL, NULL },
		{ "FROM a\nRUN --mount=target=/x,\"from\"=own a\n", NULL, NULL },
		{ "FROM a\nCOPY --chown=\"a:b\" a b\n", NULL,
		    "FROM a\nCOPY --chown=\"a:b\" a b\n" },
		/* No trick with a value makes another instruction. */
		{ "ARG A\nFROM $A\n", "{\"A\": \"x\\nRUN y\"}", NULL },
		{ "ARG A\nFROM $A\n", "{\"A\": \"x AS y\"}", NULL },
		{ "ARG A\nFROM $A\n", "{\"A\": \"$B\"}", NULL },
		{ "ARG A\nFROM $A\n", "{\"A\": \"x\\\\\"}", NULL },
	};
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_json json_t *arguments =
		    rows[i].arguments != NULL ? json_loads(rows[i].arguments, 0, NULL) : NULL;
		cleanup_free char *got = translate(rows[i].text, arguments, NULL, &err);

		row_check(failed, (got == NULL) == (rows[i].expected == NULL), "%s: %s %s",
		    rows[i].text, got, err.text);
		row_check(failed, got != NULL || err.kind == ERROR_INPUT, "%s: %s", rows[i].text,
		    err.text);
		if (got != NULL && rows[i].expected != NULL)
			row_check(failed, strcmp(got, rows[i].expected) == 0, "%s: %s",
			    rows[i].text, got);
	}
	rows_end(failed);
}

static void
test_each_image_is_visited_and_no_stage(void **state)
{
	char seen[200] = "";
	struct error err;
	cleanup_free char *text = translate("ARG V=3\nFROM scratch AS Base\nFROM python:$V AS b\n"
					    "COPY --from=base a b\nCOPY --from=1 a b\n"
					    "COPY --from=alpine a b\nFROM b\nFROM b:1\n"
					    "RUN --mount=type=cache,target=/x true\n",
	    NULL, seen, &err);

	(void)state;
	assert_non_null(text);
	assert_string_equal(seen, "python:3 alpine b:1 ");
}

static void
test_variable_without_a_value_is_named(void **state)
{
	struct error err;

	(void)state;
	assert_null(translate("FROM a\n\nFROM x:$VERSION\n", NULL, NULL, &err));
	assert_non_null(strstr(err.text, "line 3 "));
	assert_non_null(strstr(err.text, "ARG VERSION=<value> before the first FROM"));
	assert_non_null(strstr(err.text, "build_arg=VERSION=<value>"));
}

/* The classic builder does not know the platform's names; BuildKit and Podman do. */
static void
test_declared_names_of_the_platform_are_arguments_for_the_classic_builder(void **state)
{
	static const char text[] = "FROM a\nARG TARGETARCH\nARG TARGETOS X\n";
	cleanup_instructions struct dockerfile_instructions all = { 0 };
	cleanup_json json_t *given = json_pack("{s:s, s:s}", "TARGETOS", "plan9", "Y", "z");
	const struct dockerfile_translation translation = {
		.text = text, .instructions = &all, .arguments = given
	};
	cleanup_json json_t *classic = NULL, *other = NULL;
	struct error err;

	(void)state;
	must(dockerfile_instruction_read(&all, text, &err), &err);
	classic = dockerfile_translate_arguments(&translation, true);
	other = dockerfile_translate_arguments(&translation, false);
	assert_true(json_equal(other, given));
	assert_int_equal(json_object_size(classic), 3);
	assert_non_null(json_string_value(json_object_get(classic, "TARGETARCH")));
	assert_string_equal(json_string_value(json_object_get(classic, "TARGETOS")), "plan9");
}

static void
test_texts_that_no_hand_has_written(void **state)
{
	static const char *const lines[] = { "ARG A=$A$A$A\n", "ARG A=x\nFROM $A$A\n",
		"FROM a AS b\n", "FROM \\\n", "COPY --from=${A:-${B:-",
		"RUN --mount=from=a,from=b,from=c\n" };
	struct error err;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		size_t length = strlen(lines[i]), count = 1000000 / length;
		cleanup_free char *text = malloc(count * length + 1), *got = NULL;

		for (size_t n = 0; n < count; n++)
			memcpy(text + n * length, lines[i], length);
		text[count * length] = '\0';
		got = translate(text, NULL, NULL, &err);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stage_that_could_be_an_id_gets_another_name),
		cmocka_unit_test(test_variables_get_their_values_by_the_rules_of_arg),
		cmocka_unit_test(test_each_image_is_visited_and_no_stage),
		cmocka_unit_test(test_variable_without_a_value_is_named),
		cmocka_unit_test(
		    test_declared_names_of_the_platform_are_arguments_for_the_classic_builder),
		cmocka_unit_test(test_texts_that_no_hand_has_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
