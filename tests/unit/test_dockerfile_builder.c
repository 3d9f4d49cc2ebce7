/*
 * Which Dockerfiles a builder would build with a part ignored, and what the refusal says.
 */
#include "support.h"

#include "dockerfile_builder.h"

static const struct dockerfile_builder classic = { 0 };
static const struct dockerfile_builder all_known = { true, true, true };
static const struct dockerfile_builder old_podman = { .flags = true };

static bool
check(const char *text, const struct dockerfile_builder *builder, struct error *err)
{
	cleanup_instructions struct dockerfile_instructions all = { 0 };

	err->text[0] = '\0';
	return dockerfile_instruction_read(&all, text, err) &&
	    dockerfile_builder_check(&all, builder, err);
}

static void
test_parts_that_the_classic_builder_ignores_are_refused_with_the_way_to_write_them(void **state)
{
	static const struct {
		const char *text, *says; /* NULL: nothing is wrong */
	} rows[] = {
		{ "FROM x\nRUN <<EOT\ntouch /x\nEOT\n",
		    "line 2 of the Dockerfile has a here-document (<<EOT)" },
		{ "FROM x\nRUN <<EOT\ntouch /x\nEOT\n", "&& \\" },
		{ "FROM x\n\nRUN cat <<-'E O' > /x\n\ta\n\tE O\n", "line 3 " },
		{ "FROM x\nRUN python3 <<\"EOT\"\nprint(1)\nEOT", "<<EOT" },
		{ "FROM x\nRUN 3<<EOT cat\nEOT\n", "here-document" },
		{ "FROM x\nRUN << EOT cat\nEOT\n", "here-document" },
		{ "FROM x\nRUN a && \\\n b <<EOT\nEOT\n", "line 2 " },
		{ "FROM x\r\nRUN <<EOT\r\ntrue\r\nEOT\r\n", "here-document" },
		{ "FROM x\nrun <<EOT\nEOT\n", "here-document" },
		{ "FROM x\nRUN <<$A\ntrue\n$A\n", "here-document" },
		{ "FROM x\nONBUILD RUN <<EOT\nEOT\n", "here-document" },
		{ "FROM x\nCOPY <<EOT /f\na\nEOT\n", "COPY that" },
		{ "FROM x\nCOPY a <<EOT /f\na\nEOT\n", "here-document" },
		{ "FROM x\nADD <<a <<b /f/\na\nb\n", "here-document" },
		{ "FROM x\nADD <<a <<b /f/\na\n", "here-document" },
		{ "# escape=`\nFROM x\nRUN a `\n <<EOT\nEOT\n", "line 3 " },
		/* Plain shell text. */
		{ "FROM x\nRUN cat <<EOT\n", NULL },
		{ "FROM x\nRUN cat <<EOT > /x\nRUN true\n", NULL },
		{ "FROM x\nRUN echo $((1 << 2))\n", NULL },
		{ "FROM x\nRUN echo $((1<<2))\nRUN true\n", NULL },
		{ "FROM x\nRUN bash -c 'cat <<< hi'\n", NULL },
		{ "FROM x\nRUN cat <<< EOT\nRUN EOT\n", NULL },
		{ "FROM x\nRUN python3 -c \"print(1 <<EOT)\"\n# EOT\n", NULL },
		{ "FROM x\nRUN sh -c 'cat <<EOT'\nCMD EOT\n", NULL },
		{ "FROM x\nRUN [\"sh\", \"-c\", \"cat <<EOT\"]\n", NULL },
		{ "FROM x\nCMD cat <<EOT\n", NULL },
		{ "FROM x\nENV A=<<EOT\n", NULL },
		{ "FROM x\n# RUN <<EOT\n# EOT\n", NULL },
		{ "FROM x\nRUN a \\\n# <<EOT\n b\n", NULL },
		/* Flags. */
		{ "FROM x\nCOPY --chmod=755 a.sh /x\n", "RUN chmod -R 755 /x after it" },
		{ "FROM x\nCOPY --chown=1 --chmod=u+x [\"a b\", \"/x y/z\"]\n", "chmod -R u+x" },
		{ "FROM x\nADD --chmod=0644 a b/ \n", "chmod -R 0644 b/" },
		{ "FROM x\nCOPY --link a /x\n",
		    "COPY --link, which this engine's builder does not know: leave it out" },
		{ "FROM x\nADD --link=true a /x\n", "ADD --link=true" },
		{ "FROM x\nCOPY --parents a/b /x\n", "one COPY for each folder" },
		{ "FROM x\nCOPY --exclude=*.o . /x\n", ".dockerignore" },
		{ "FROM x\nADD --exclude=*.o . /x\n", ".dockerignore" },
		{ "FROM x\nADD --checksum=sha256:1 a /x\n", "sha256sum" },
		{ "FROM x\nADD --keep-git-dir=true a /x\n", "git clone" },
		{ "FROM x\nADD --unpack=false a /x\n", "tar" },
		{ "FROM x\nRUN --mount=type=cache,target=/root/.cache pip install x\n",
		    "only saves time" },
		{ "FROM x\nRUN --mount=target=/c,type=cache x\n", "only saves time" },
		{ "FROM x\nRUN --mount=type=bind,target=/x ls\n", "COPY the files first" },
		{ "FROM x\nRUN --mount=target=/x ls\n", "COPY the files first" },
		{ "FROM x\nRUN --mount=type=tmpfs,target=/x ls\n", "remove the files" },
		{ "FROM x\nRUN --mount=type=secret,id=a ls\n", "has no secrets" },
		{ "FROM x\nRUN --mount=type=ssh ls\n", "SSH" },
		{ "FROM x\nRUN --network=none ls\n", "the operator chooses" },
		{ "FROM x\nRUN --security=insecure ls\n", "--security=insecure" },
		{ "FROM x\nRUN --device=gpu ls\n", "--device" },
		{ "FROM x\nRUN \\\n  --mount=type=cache,target=/c \\\n  ls\n", "line 2 " },
		{ "FROM x\nONBUILD COPY --link a /x\n", "--link" },
		{ "FROM x\nRUN ls --mount --network=none\n", NULL },
		{ "FROM x\nCOPY --chown=a:b --from=y a --link\n", NULL },
		{ "FROM --platform=linux/amd64 x\nCOPY --linked a b\n", NULL },
		{ "FROM x\nHEALTHCHECK --interval=5s CMD true\n", NULL },
		/* The language. */
		{ "# syntax=docker/dockerfile:1.7-labs\nFROM x\n", NULL },
		{ "#syntax = docker.io/docker/dockerfile@sha256:1 \nFROM x\n", NULL },
		{ "# syntax=docker/dockerfile-upstream:master\nFROM x\n", NULL },
		{ "# syntax=example.org/mine:1\nFROM x\n", "another language" },
		{ "\xef\xbb\xbf# escape=`\n# SYNTAX=mine\nFROM x\n", "'# syntax=mine'" },
		{ "# syntax=docker/dockerfiles\nFROM x\n", "another language" },
		{ "# a comment\n# syntax=mine\nFROM x\n", NULL },
		{ "FROM x\n# syntax=mine\n", NULL },
	};
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool fine = check(rows[i].text, &classic, &err);

		row_check(failed, fine == (rows[i].says == NULL), "%s", rows[i].text);
		if (!fine && rows[i].says != NULL)
			row_check(failed,
			    err.kind == ERROR_INPUT && strstr(err.text, rows[i].says) != NULL,
			    "%s: %s", rows[i].text, err.text);
		row_check(failed, check(rows[i].text, &all_known, &err), "%s: %s", rows[i].text,
		    err.text);
	}
	rows_end(failed);
}

static void
test_podman_knows_the_flags_and_may_lack_here_documents(void **state)
{
	struct error err;

	(void)state;
	assert_true(check("FROM x\nCOPY --chmod=755 a b\n", &old_podman, &err));
	assert_true(check("FROM x\nRUN --mount=type=bind,target=/x ls\n", &old_podman, &err));
	assert_false(check("FROM x\nRUN <<EOT\nEOT\n", &old_podman, &err));
	assert_false(check("# syntax=mine\nFROM x\n", &old_podman, &err));
}

/* What looks like an instruction inside a here-document is none. */
static void
test_here_documents_are_no_instructions(void **state)
{
	static const char text[] =
	    "FROM x\nRUN <<A <<B\nCOPY --link a b\nA\n# B\nFROM y\nB\nRUN z\n";
	struct dockerfile_instructions all;
	struct error err;

	(void)state;
	must(dockerfile_instruction_read(&all, text, &err), &err);
	assert_int_equal(all.count, 3);
	assert_int_equal(all.items[2].line, 8);
	assert_string_equal(all.items[2].text, "RUN z");
	assert_int_equal(all.items[1].body, strstr(text, "COPY") - text);
	assert_int_equal(all.items[1].end, strstr(text, "RUN z") - text);
	dockerfile_instruction_free(&all);
}

static void
test_texts_that_no_hand_has_written(void **state)
{
	static const char *const lines[] = { "RUN <<A\n", "RUN <<A <<B <<C\n", "\\\n", "#\n",
		"COPY --link\\\n" };
	struct error err;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		size_t length = strlen(lines[i]), count = 1000000 / length;
		cleanup_free char *text = malloc(count * length + 1);

		for (size_t n = 0; n < count; n++)
			memcpy(text + n * length, lines[i], length);
		text[count * length] = '\0';
		(void)check(text, &classic, &err);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_parts_that_the_classic_builder_ignores_are_refused_with_the_way_to_write_them),
		cmocka_unit_test(test_podman_knows_the_flags_and_may_lack_here_documents),
		cmocka_unit_test(test_here_documents_are_no_instructions),
		cmocka_unit_test(test_texts_that_no_hand_has_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
