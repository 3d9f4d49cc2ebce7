/*
 * Which Dockerfiles take images by their ids, and what they add.
 */
#include "support.h"

#include "dockerfile.h"
#include "dockerfile_translate.h"

struct row {
	const char *text;
	bool allowed;
};

/* The checks that a Dockerfile passes before the engine gets it. */
static bool
passes(const char *text, struct error *err)
{
	cleanup_instructions struct dockerfile_instructions all = { 0 };
	const struct dockerfile_translation translation = { .text = text, .instructions = &all };
	cleanup_free char *translated = NULL;

	if (!dockerfile_instruction_read(&all, text, err))
		return false;
	translated = dockerfile_translate(&translation, err);
	return translated != NULL && dockerfile_check(translated, NULL, NULL, err);
}

static void
check_rows(const struct row *rows, size_t count, bool (*check)(const char *text, struct error *err))
{
	struct error err;
	int failed = 0;

	for (size_t i = 0; i < count; i++) {
		bool allowed = check(rows[i].text, &err);

		row_check(failed, allowed == rows[i].allowed, "%s", rows[i].text);
		row_check(failed, allowed || err.kind == ERROR_INPUT, "%s: kind", rows[i].text);
	}
	rows_end(failed);
}

#define LONG                                                                                       \
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567" \
	"890123456789012345678901234567890123456789"

static void
test_images_are_named_and_not_asked_for_by_id(void **state)
{
	static const struct row rows[] = {
		{ "FROM busybox\nRUN true\n", true },
		{ "FROM busybox:1.36\n", true },
		{ "FROM registry.example:5000/team/base@sha256:0123456789abcdef\n", true },
		{ "FROM scratch\nCOPY --from=0 /a /b\nCOPY --from=12 /a /b\n", true },
		{ "FROM busybox AS build\nFROM build\nCOPY --from=build /a /b\n", true },
		{ "FROM cafe:latest\n", true },
		{ "FROM cafe/cafe\n", true },
		{ "FROM --platform=linux/amd64 busybox\n", true },
		{ "ARG V=1\nFROM python:$V\n", true },
		{ "ARG V=1\nFROM python:${V}-slim\n", true },
		{ "ARG BASE=python:3.11\nFROM $BASE\n", true },
		{ "ARG A=1 BASE=\"python:3.11\"\nFROM ${BASE}\n", true },
		{ "FROM busybox\nRUN python -c 'import os' && \\\n  from os import path\n", true },
		{ "FROM busybox\n# FROM 4f\nRUN true\n", true },
		{ "", true },
		{ "FROM 4f\n", false },
		{ "FROM 4f", false },
		{ "FROM 4f AS x\n", false },
		{ "from 4F\n", false },
		{ "FROM\t4f\n", false },
		{ "  FROM   4f\r\n", false },
		{ "\xef\xbb\xbf"
		  "FROM 4f\n",
		    false },
		{ "\xc2\xa0"
		  "FROM 4f\n",
		    false },
		{ "FROM \"4f\"\n", false },
		{ "FROM '4'f\n", false },
		{ "FROM --platform=linux/amd64 4f\n", false },
		{ "FROM sha256:4f\n", false },
		{ "FROM sha256:xyz\n", false },
		{ "FROM 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
		    false },
		{ "FROM busybox\nCOPY --from=4f / /\n", false },
		{ "FROM busybox\nCOPY --chown=1 --from=4f / /\n", false },
		{ "FROM busybox\nCOPY --from=\"4f\" / /\n", false },
		{ "FROM busybox\nCOPY --from=99999999999999999999 / /\n", false },
		{ "FROM busybox\nONBUILD COPY --from=4f / /\n", false },
		{ "FROM busybox\nRUN --mount=type=bind,from=4f,target=/x true\n", false },
		{ "FR\\\nOM 4f\n", false },
		{ "FROM \\\n4f\n", false },
		{ "FROM \\  \n  4f\n", false },
		{ "FROM \\\n# a comment\n\n4f\n", false },
		{ "# escape=`\nFROM `\n4f\n", false },
		{ "# escape=`\nRUN a \\\nFROM 4f\n", false },
		{ "RUN a `\nFROM 4f\n", false },
		{ "RUN a \\\n# comment\nFROM 4f\n", false },
		{ "ARG A=4f\nFROM $A\n", false },
		{ "ARG A=4f\nFROM ${A}\n", false },
		{ "ARG A\nFROM $A\n", false },
		{ "FROM $A\n", false },
		{ "ARG A=python:3\nARG A=4f\nFROM $A\n", false },
		{ "ARG A=$B\nFROM $A\n", false },
		{ "ARG A=4\nARG B=f\nFROM $A$B\n", false },
		{ "ARG A=sha256\nFROM $A:4f\n", false },
		{ "ARG A=2\nFROM sha${A}56:4f\n", false },
		{ "FROM ${A:-4f}\n", false },
		{ "FROM ${A:+4f}\n", false },
		{ "ARG A=4f\nFROM busybox\nCOPY --from=$A / /\n", false },
		{ "FROM busybox\nARG A=busybox\nENV A=4f\nCOPY --from=$A / /\n", true },
		{ "FROM busybox\nRUN wget 'http://x/?from=$A&from=4f'\nENV from=4f\n", true },
		{ "ARG A=busybox\nRUN x \\\nFROM $A\n", false },
		{ "FROM ${A\n", false },
		{ "FROM ${x:-${y:-4f}}\n", false },
		{ "FROM ${x:-${y:-4f}}/\n", false },
		{ "FROM 4f$@\n", false },
		{ "FROM 4f$-\n", false },
		{ "FROM 4f$\xc3\xa9\n", false },
		{ "FROM 4f\xc2\xa0\n", false },
		{ "FROM \xc2\xa0"
		  "4f\n",
		    false },
		{ "FROM --platform=linux\xc2\xa0"
		  "4f\n",
		    false },
		{ "FROM busybox\nCOPY --from=4f\xc2\xa0/x /y\n", false },
		{ "ARG R=x\nFROM ${R}/python:3\n", true },
		{ "ARG R=registry.example:5000\nFROM ${R}/python:3\n", true },
		{ "\xef\xbb\xbf# x \\\nFROM \\\n4f12\n", false },
		{ "\xef\xbb\xbf"
		  "FROM busybox\n",
		    true },
		{ "\xc2\xa0# x \\\nFROM \\\n4f12\n", false },
		{ "RUN x \\\v\nFROM \\\n4f12\n", false },
		{ "RUN x \\\r\r\nFROM \\\n4f12\n", false },
		{ "RUN x \\\\\nFROM \\\n4f12\n", false },
		{ "RUN x \\\r\n  y\r\nFROM busybox\r\n", true },
		{ "RUN x `\nFROM \\\n4f12\n", false },
		{ "ARG A=python:3\nARG \\\nA=4f\nFROM $A\n", false },
		{ "FROM busybox\nCOPY --fr\\om=4f12 / /y\n", false },
		{ "FROM busybox\nCOPY --fr\"om\"=4f12 / /y\n", false },
		{ "FROM --platform=\"linux${X:+ y}\" 4f12\n", false },
		{ "FROM busybox\nCOPY --from 4f12 / /y\n", false },
		{ "FROM --platform linux/amd64 4f12\n", false },
		{ "FROM busybox\nRUN --mount=\"target=/a b\" --network=host x\n", false },
		{ "FROM busybox\nRUN --mount=target=/\xc3\xa0--network=host x\n", false },
		{ "FROM busybox\nRUN echo \xc3\xa0 \"--x\"\n", true },
		{ "FROM busybox\nCOPY --chown=a:b x\xc3\xa0 /y\n", true },
		{ "FROM busybox\nCOPY --chown=\"${U}:${G}\" --chmod='0755' x /y\n", true },
		{ "FROM busybox\nCOPY --chown=\"a --from=4f\" x /y\n", false },
		{ "FROM busybox\nCOPY --chown=\"a\\\" --from=b\" x /y\n", false },
		{ "FROM busybox\nCOPY --chown=\"a\"b\" x /y\n", false },
		{ "FROM busybox\nCOPY --chown=\"a' x /y\n", false },
		{ "FROM busybox\nCOPY --chown=\" x /y\n", false },
		{ "FROM docker:24\nRUN docker --version\n", true },
		{ "FROM direct:1\n", true },
		{ "FROM dir\n", true },
		{ "FROM containers-storage:4f\n", false },
		{ "FROM containers-storage:[overlay]x\n", false },
		{ "FROM dir:/var/lib/x\n", false },
		{ "FROM Docker-Archive:/x.tar\n", false },
		{ "FROM oci:/x:y\n", false },
		{ "FROM busybox\nCOPY --from=oci-archive:/x / /\n", false },
		{ "FROM busybox\nRUN --mount=from=dir:/x,target=/x true\n", false },
		{ "ARG A=dir:/x\nFROM $A\n", false },
		{ "ARG A=di\nFROM ${A}r:/x\n", false },
		{ "ARG A=\nFROM ${A}dir:/x\n", false },
		{ "FROM ${A}dir:/x\n", false },
		{ "FROM ${A:-d}ir:/x\n", false },
		{ "ARG A=x\nFROM d${A}\n", true },
		{ "FROM busybox\nRUN --network=none true\n", true },
		{ "FROM busybox\nRUN --mount=type=bind,target=/x true\n", true },
		{ "FROM busybox\nRUN ls --network=host\n", true },
		{ "FROM busybox\nRUN --network=host true\n", false },
		{ "FROM busybox\nRUN \\\n --network=host true\n", false },
		{ "FROM busybox\nRUN --net\\work=host true\n", false },
		{ "FROM busybox\nRUN --network=none --network=$N true\n", false },
		{ "FROM busybox\nRUN --security=insecure true\n", false },
		{ "FROM busybox\nRUN --mount=type=cache,target=/x true\n", false },
		{ "FROM busybox\nRUN --mount=target=/" LONG ",type=bind true\n", true },
		{ "FROM busybox\nRUN --mount=target=/" LONG LONG ",type=cache true\n", false },
		{ "FROM busybox\nRUN --mount=type=$T,target=/x true\n", false },
		{ "FROM busybox\nONBUILD RUN --network=host true\n", false },
		{ "FROM python:${V:-3}\n", true },
	};

	(void)state;
	check_rows(rows, COUNT(rows), passes);
}

static void
test_files_are_added_from_the_context_and_no_urls(void **state)
{
	static const struct row rows[] = {
		{ "ADD a.txt /x\n", true },
		{ "ADD . $HOME\n", true },
		{ "ADD a $HOME/b /x/$A\n", false },
		{ "ADD a b$A ./$A dist/$A $HOME\n", true },
		{ "ADD --chown=$U:$G [\"a b\", \"/x\"]\n", true },
		{ "COPY $A /x\n", true },
		{ "RUN wget https://example.org/\n", true },
		{ "ENV U=https://example.org\n", true },
		{ "ADDRESS http://x /y\n", true },
		{ "# ADD http://x /y\n", true },
		{ "ADD http://x /y\n", false },
		{ "  add\tHTTPS://x /y", false },
		{ "ADD a http://x /y\n", false },
		{ "ADD --chown=1 http://x /y\n", false },
		{ "ADD [\"http://x\", \"/y\"]\n", false },
		{ "ADD [ \"a\",\"http:\\/\\/x\",\"/y\"]\n", false },
		{ "ADD [\"\\u0068ttp://x\",\"/y\"]\n", false },
		{ "ADD [\"\\u0024U\",\"/y\"]\n", false },
		{ "ADD ht\"tp:/\"/x /y\n", false },
		{ "ADD h\\t'tp://'x /y\n", false },
		{ "ADD $U /y\n", false },
		{ "ADD \"${U}\" /y\n", false },
		{ "ADD http:/$U /y\n", false },
		{ "ADD hTtP$U /y\n", false },
		{ "ADD ${U:-http://x} /y\n", false },
		{ "ADD git@x:y /z\n", false },
		{ "ADD ssh://x /y\n", false },
		{ "ADD \xc2\xa0$U /y\n", false },
		{ "ADD h\\\nttp://x /y\n", false },
		{ "AD\\\nD http://x /y\n", false },
		{ "ADD $U \\\n# a comment\n\n/y\n", false },
		{ "# escape=`\nADD http:`\n//x /y\n", false },
		{ "ADD http://x ,\n", false },
		{ "ADD http://x [\n", false },
		{ "ADD http://x \"\"\n", false },
		{ "ADD http://x \xc3\xa9\n", false },
		{ "ADD $U ]\n", false },
		{ "ADD [a $U ]\n", false },
		{ "ADD [\"a\", \"$U\", \"/y\"]\n", false },
		{ "ADD [\"a\", \"$HOME\"]\n", true },
		{ "ADD [\"\\u0068ttp\\u003a\\u002f\\u002fx\", \"\\ud800\"]\n", false },
		{ "ADD \\\n\xc2\xa0\nhttp://x /y\n", false },
		{ "RUN a \\\n  add http://x /y\n", false },
		{ "RUN apt-get install \\\n  # tools\n\n  git \\\n  && add-apt-repository x\n",
		    true },
		{ "ONBUILD ADD http://x /y\n", false },
		{ "ONBUILD  onbuild ADD http://x /y\n", false },
	};

	(void)state;
	check_rows(rows, COUNT(rows), passes);
}

/* Each takes no longer than the text is long, or is refused. */
static void
test_texts_that_no_hand_has_written(void **state)
{
	static const struct {
		const char *line, *what;
		bool allowed;
	} rows[] = {
		{ "RUN \\\n", "starts of one instruction", false },
		{ "\\\n", "joints", false },
		{ "F\\\n#\n", "comments", true },
		{ "RUN true\n", "instructions", true },
		{ "ARG A=x\nFROM $A\n", "variables", false },
	};
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t length = strlen(rows[i].line), count = 300000 / length;
		char *text = malloc(count * length + 1);

		for (size_t n = 0; n < count; n++)
			memcpy(text + n * length, rows[i].line, length);
		text[count * length] = '\0';
		row_check(failed, passes(text, &err) == rows[i].allowed, "%s", rows[i].what);
		free(text);
	}
	rows_end(failed);
}

static void
test_buildkit_refuses_ids_itself_and_neither_urls_nor_secrets_are_allowed(void **state)
{
	static const struct row rows[] = {
		{ "FROM busybox\nRUN --mount=type=cache,target=/c true\n", true },
		{ "FROM 4f\n", true },
		{ "ARG B\nFROM ${B:-busybox}\n", true },
		{ "FROM busybox\nRUN --network=host --security=insecure true\n", true },
		{ "FROM busybox\nCOPY <<EOT /a\nfrom 4f\nEOT\n", true },
		{ "FROM busybox\nADD --chmod=755 --link a b:c@d /x/\n", true },
		{ "FROM busybox\nADD http://x/y /z\n", false },
		{ "FROM busybox\nADD git@x:y.git /z\n", false },
		{ "FROM busybox\nADD root@x:y.git /z\n", false },
		{ "FROM busybox\nADD \"root@127.0.0.1:y\" /z\n", false },
		{ "FROM busybox\nADD a/root@x:y /z\n", true },
		{ "FROM busybox\nONBUILD ADD ssh://x/y /z\n", false },
		{ "FROM busybox\nRUN --mount=type=secret,id=x true\n", false },
		{ "FROM busybox\nRUN --network=none --mount=id=x,\"type=SSH\" true\n", false },
		{ "FROM busybox\nRUN --mount=type=cache,target=/c \\\n --mount=type=ssh true\n",
		    false },
		{ "FROM busybox\nRUN echo --mount=type=ssh\n", true },
	};

	(void)state;
	check_rows(rows, COUNT(rows), dockerfile_check_buildkit);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_images_are_named_and_not_asked_for_by_id),
		cmocka_unit_test(test_files_are_added_from_the_context_and_no_urls),
		cmocka_unit_test(
		    test_buildkit_refuses_ids_itself_and_neither_urls_nor_secrets_are_allowed),
		cmocka_unit_test(test_texts_that_no_hand_has_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
