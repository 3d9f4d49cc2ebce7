/*
 * The text that BuildKit's progress messages become.
 */
#include "support.h"

#include <sodium.h>

#include "engine_buildkit.h"

/* Bytes of a message under construction. */
struct bytes {
	unsigned char data[4096];
	size_t length;
};

static void
put_integer(struct bytes *to, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		to->data[to->length++] = (unsigned char)(value | 0x80);
	to->data[to->length++] = (unsigned char)value;
}

static void
put_number(struct bytes *to, int number, uint64_t value)
{
	put_integer(to, (uint64_t)number << 3);
	put_integer(to, value);
}

static void
put_bytes(struct bytes *to, int number, const void *data, size_t length)
{
	put_integer(to, (uint64_t)number << 3 | 2);
	put_integer(to, length);
	memcpy(to->data + to->length, data, length);
	to->length += length;
}

/* A time in milliseconds. */
static void
put_time(struct bytes *to, int number, int64_t ms)
{
	struct bytes time = { .length = 0 };

	put_number(&time, 1, (uint64_t)(ms / 1000));
	put_number(&time, 2, (uint64_t)(ms % 1000 * 1000000));
	put_bytes(to, number, time.data, time.length);
}

/* One change: of a vertex, or its output. A time of 0 is not sent. */
struct change {
	const char *digest;
	const char *name;
	int64_t started, completed;
	bool cached;
	const char *error;
	const char *output;
	int64_t at;
	const char *warning;
};

static void
put_change(struct bytes *response, const struct change *change)
{
	struct bytes part = { .length = 0 };

	if (change->warning != NULL) {
		put_bytes(&part, 3, change->warning, strlen(change->warning));
		put_bytes(response, 4, part.data, part.length);
	} else if (change->output != NULL) {
		put_bytes(&part, 1, change->digest, strlen(change->digest));
		put_time(&part, 2, change->at);
		put_number(&part, 3, 1);
		put_bytes(&part, 4, change->output, strlen(change->output));
		put_bytes(response, 3, part.data, part.length);
	} else {
		put_bytes(&part, 1, change->digest, strlen(change->digest));
		put_bytes(&part, 2, "sha256:0", 8); /* an input */
		put_bytes(&part, 3, change->name, strlen(change->name));
		if (change->cached)
			put_number(&part, 4, 1);
		if (change->started > 0)
			put_time(&part, 5, change->started);
		if (change->completed > 0)
			put_time(&part, 6, change->completed);
		if (change->error != NULL)
			put_bytes(&part, 7, change->error, strlen(change->error));
		put_bytes(response, 1, part.data, part.length);
	}
}

static void
on_text(void *context, const char *text)
{
	char *to = context;
	size_t length = strlen(to);

	assert_true(length + strlen(text) < 4096);
	memcpy(to + length, text, strlen(text) + 1);
}

static void
read_bytes(struct engine_buildkit *buildkit, const struct bytes *response)
{
	char text[8192];

	sodium_bin2base64(text, sizeof text, response->data, response->length,
	    sodium_base64_VARIANT_ORIGINAL);
	engine_buildkit_read(buildkit, text);
}

#define ONE "sha256:a"
#define TWO "sha256:b"
#define NEXT                                                                                       \
	{                                                                                          \
		.digest = NULL                                                                     \
	} /* the next message begins */
#define BEGIN                                                                                      \
	{                                                                                          \
		.digest = ONE, .name = "[1/2] RUN a", .started = 1000                              \
	}

static void
test_progress_reads_like_that_of_docker(void **state)
{
	static const struct {
		struct change changes[8];
		const char *text, *failed;
	} rows[] = {
		{ { { .digest = ONE, .name = "[1/2] FROM x" } }, "", "" },
		{ { BEGIN }, "#1 [1/2] RUN a\n", "" },
		{ { BEGIN, NEXT, BEGIN }, "#1 [1/2] RUN a\n", "" },
		{ { BEGIN, NEXT,
		      { .digest = ONE,
			  .name = "[1/2] RUN a",
			  .started = 1000,
			  .completed = 2500 } },
		    "#1 [1/2] RUN a\n#1 DONE 1.5s\n", "" },
		{ { { .digest = ONE,
			.name = "[1/2] RUN a",
			.started = 1000,
			.completed = 1000,
			.cached = true },
		      NEXT,
		      { .digest = ONE,
			  .name = "[1/2] RUN a",
			  .started = 1000,
			  .completed = 1000,
			  .cached = true } },
		    "#1 [1/2] RUN a\n#1 CACHED\n", "" },
		{ { { .digest = ONE, .name = "[1/2] RUN a", .started = 1000, .completed = 3000 },
		      { .digest = ONE, .output = "x\ny\n", .at = 1250 } },
		    "#1 [1/2] RUN a\n#1 0.250 x\n#1 0.250 y\n#1 DONE 2.0s\n", "" },
		{ { BEGIN, { .digest = ONE, .output = "10%\r20%", .at = 1500 }, NEXT,
		      { .digest = ONE, .output = "\r30%\n", .at = 1600 } },
		    "#1 [1/2] RUN a\n#1 0.500 10%\r20%\r30%\n", "" },
		{ { BEGIN, { .digest = TWO, .name = "[2/2] RUN b", .started = 2000 },
		      { .digest = ONE, .output = "a", .at = 1001 },
		      { .digest = TWO, .output = "b", .at = 2002 },
		      { .digest = ONE, .output = "c\n", .at = 1003 } },
		    "#1 [1/2] RUN a\n\n#2 [2/2] RUN b\n#1 0.001 a\n#2 0.002 b\n#1 0.003 c\n", "" },
		{ { BEGIN, { .digest = ONE, .output = "\xc3", .at = 1100 }, NEXT,
		      { .digest = ONE, .output = "\xa9\xff\n", .at = 1100 } },
		    "#1 [1/2] RUN a\n#1 0.100 \xc3\xa9\xef\xbf\xbd\n", "" },
		{ { BEGIN, { .digest = ONE, .output = "no newline", .at = 1100 }, NEXT,
		      { .digest = ONE,
			  .name = "[1/2] RUN a",
			  .started = 1000,
			  .completed = 2000,
			  .error = "exit code: 1" } },
		    "#1 [1/2] RUN a\n#1 0.100 no newline\n#1 ERROR: exit code: 1\n",
		    "[1/2] RUN a" },
		{ { BEGIN, { .digest = TWO, .name = "[2/2] RUN b", .started = 1000 }, NEXT,
		      { .digest = ONE,
			  .name = "[1/2] RUN a",
			  .started = 1000,
			  .completed = 2000,
			  .error = "x: context canceled" },
		      { .digest = TWO,
			  .name = "[2/2] RUN b",
			  .started = 1000,
			  .completed = 2000,
			  .error = "exit\ncode: 1" } },
		    "#1 [1/2] RUN a\n\n#2 [2/2] RUN b\n#1 CANCELED\n#2 ERROR: exit?code: 1\n",
		    "[2/2] RUN b" },
		{ { { .digest = ONE,
			.name = "[internal] load remote build context",
			.started = 1000,
			.completed = 2000 },
		      { .digest = TWO,
			  .name = "copy /context /",
			  .started = 1000,
			  .completed = 2000 } },
		    "", "" },
		{ { { .digest = ONE,
		      .name = "[internal] load metadata for x",
		      .started = 1000,
		      .completed = 2000,
		      .error = "not found" } },
		    "#1 [internal] load metadata for x\n#1 ERROR: not found\n",
		    "[internal] load metadata for x" },
		{ { { .warning = "FromAsCasing: casing" } }, "warning: FromAsCasing: casing\n",
		    "" },
		{ { { .digest = TWO, .output = "of an unknown step\n", .at = 1 } }, "", "" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[4096] = "";
		struct engine_buildkit buildkit = { .write = on_text, .context = text };
		struct bytes response = { .length = 0 };

		for (size_t n = 0; n < COUNT(rows[i].changes); n++) {
			const struct change *change = &rows[i].changes[n];

			if (change->digest != NULL || change->warning != NULL) {
				put_change(&response, change);
			} else if (response.length > 0) {
				read_bytes(&buildkit, &response);
				response.length = 0;
			}
		}
		row_check(failed, strcmp(text, rows[i].text) == 0, "row %zu:\n%s", i, text);
		row_check(failed, strcmp(buildkit.failed, rows[i].failed) == 0, "row %zu: %s", i,
		    buildkit.failed);
		engine_buildkit_close(&buildkit);
	}
	rows_end(failed);
}

static void
test_step_that_fetches_a_url_is_seen(void **state)
{
	static const struct {
		const char *name;
		bool fetches;
	} rows[] = {
		{ "[2/3] ONBUILD ADD http://x/y /", true },
		{ "[app 2/3] ONBUILD ADD a git@x:y.git /", true },
		{ "[linux/amd64 app 2/3] ADD https://x/y /", true },
		{ "http://x/y", true },
		{ "git://x/y", true },
		{ "[2/3] ONBUILD RUN curl http://x", false },
		{ "[2/3] ONBUILD ADD a /b", false },
		{ "[2/3] RUN echo ] ADD http://x", false },
		{ "[2/3] COPY http://x /", false },
		{ "[", false },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[4096] = "";
		struct engine_buildkit buildkit = { .write = on_text, .context = text };
		const struct change change = { .digest = ONE, .name = rows[i].name };
		struct bytes response = { .length = 0 };

		put_change(&response, &change);
		read_bytes(&buildkit, &response);
		row_check(failed, buildkit.fetches == rows[i].fetches, "%s", rows[i].name);
		engine_buildkit_close(&buildkit);
	}
	rows_end(failed);
}

static void
test_unreadable_message_is_said_once(void **state)
{
	static const char *const messages[] = { "", "no base64!", "CAE", "CAEK", "/w==" };
	char text[4096] = "";
	struct engine_buildkit buildkit = { .write = on_text, .context = text };
	char *newline;

	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++)
		engine_buildkit_read(&buildkit, messages[i]);
	newline = strchr(text, '\n');
	assert_non_null(newline);
	assert_string_equal(newline, "\n");
	engine_buildkit_close(&buildkit);
}

static void
test_steps_are_limited(void **state)
{
	char text[4096] = "";
	struct engine_buildkit buildkit = { .write = on_text, .context = text };

	(void)state;
	for (int i = 0; i < 5000; i++) {
		char digest[24];
		const struct change change = { .digest = digest, .name = "[1/2] RUN a" };
		struct bytes response = { .length = 0 };

		snprintf(digest, sizeof digest, "sha256:%d", i);
		put_change(&response, &change);
		read_bytes(&buildkit, &response);
	}
	assert_string_equal(text,
	    "the build has more than 4096 steps; the text shows no more of them\n");
	assert_int_equal(buildkit.count, 4096);
	engine_buildkit_close(&buildkit);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_progress_reads_like_that_of_docker),
		cmocka_unit_test(test_step_that_fetches_a_url_is_seen),
		cmocka_unit_test(test_unreadable_message_is_said_once),
		cmocka_unit_test(test_steps_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
