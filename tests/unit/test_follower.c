/*
 * Following a job over connections that a script describes.
 */
#include "support.h"

#include "http.h"
#include "patience.h"

#define CONNECTIONS 5

/* One connection: what comes on it, and how it ends. */
struct connection {
	const char *text;  /* in pieces of piece_size bytes */
	long status;       /* 0: it is cut after the text */
	const char *after; /* that must be asked for; NULL: none */
};

static const struct connection *script;
static size_t connected, piece_size;
static bool asked_well;

static bool
fake_transfer(struct http *http, const struct http_request *request, struct http_answer *answer,
    struct error *err)
{
	const struct connection *connection = &script[connected++];
	const char *after = request->fields->count > 0 ? request->fields->items[0].value : NULL;
	size_t length = strlen(connection->text);

	(void)http;
	asked_well = asked_well && (after == NULL) == (connection->after == NULL) &&
	    (after == NULL || strcmp(after, connection->after) == 0);
	*answer = (struct http_answer){ .status = connection->status };
	if (connection->status >= 400)
		return error_set(err,
		    connection->status == 404       ? ERROR_NOT_FOUND
			: connection->status == 401 ? ERROR_UNAUTHORIZED
			: connection->status == 410 ? ERROR_GONE
			: connection->status == 503 ? ERROR_BUSY
						    : ERROR_SYSTEM,
		    "status %ld", connection->status);
	for (size_t at = 0; at < length; at += piece_size)
		if (!request->write(request->context, connection->text + at,
			length - at < piece_size ? length - at : piece_size, err))
			return false;
	return connection->status == 200 || error_set(err, ERROR_AWAY, "cut");
}

static bool
fake_wait(struct patience *patience, struct http *http, struct error *err)
{
	(void)patience;
	(void)http;
	(void)err;
	return true;
}

#define http_transfer fake_transfer
#define patience_wait fake_wait
#include "src/client/follower.c"

static bool
note_line(void *context, const struct follower_line *line, struct error *err)
{
	(void)err;
	return fprintf(context, "%.*s%s", (int)line->length, line->text,
		   line->bytes >= 0 ? ";" : "?;") > 0;
}

#define STATE(state, queued)                                                                       \
	"{\"event\":\"state\",\"data\":{\"state\":\"" state "\",\"queued_at\":" queued "}}\n"
#define LINE(id, text)                                                                             \
	"{\"event\":\"log\",\"id\":" #id ",\"data\":{\"id\":" #id ",\"logline\":\"" text           \
	"\",\"stream\":\"stdout\",\"time\":\"T\"}}\n"
#define END(id) "{\"event\":\"end\",\"id\":" #id ",\"data\":{}}\n"
#define FIRST   "\"Q1\""
#define SECOND  "\"Q2\""

static const struct {
	struct connection script[CONNECTIONS];
	const char *lines, *state; /* state NULL: it fails with kind */
	enum error_kind kind;
} rows[] = {
	{ { { STATE("in_queue", FIRST) STATE("running", FIRST) LINE(2, "a") LINE(4, "b")
		  STATE("done", FIRST) END(5),
	      200, NULL } },
	    "a;b;", "done", ERROR_NONE },
	/* Cut in an event, closed in good order, not reached. */
	{ { { STATE("running", FIRST) LINE(2, "a") "{\"event\":\"log\",\"id\":4,", 0, NULL },
	      { STATE("running", FIRST) LINE(4, "b"), 200, "2" }, { "", 0, "4" }, { "", 503, "4" },
	      { STATE("failed", FIRST) END(5), 200, "4" } },
	    "a;b;", "failed", ERROR_NONE },
	{ { { LINE(2, "a"), 0, NULL }, { "", 500, "2" } }, "a;", NULL, ERROR_SYSTEM },
	/* Submitted again: on the same connection the server begins anew by itself. */
	{ { { STATE("running", FIRST) LINE(9, "a") STATE("in_queue", SECOND) LINE(2, "b")
		  STATE("done", SECOND) END(3),
	      200, NULL } },
	    "a;b;", "done", ERROR_NONE },
	/* On another one, the first lines of the new log are asked for. */
	{ { { STATE("running", FIRST) LINE(2, "a"), 0, NULL },
	      { STATE("running", SECOND) LINE(4, "d"), 200, "2" },
	      { STATE("running", SECOND) LINE(2, "c") LINE(4, "d"), 0, NULL },
	      { STATE("done", SECOND) END(5), 200, "4" } },
	    "a;c;d;", "done", ERROR_NONE },
	/* Never in the queue, or no longer. */
	{ { { STATE("ready", "null"), 0, NULL } }, "", "ready", ERROR_NONE },
	{ { { STATE("in_queue", FIRST) STATE("ready", "null"), 0, NULL } }, "", "ready",
	    ERROR_NONE },
	/* Not there, deleted, not allowed, removed by retention. */
	{ { { "", 404, NULL } }, "", NULL, ERROR_NOT_FOUND },
	{ { { LINE(2, "a"), 200, NULL }, { "", 404, "2" } }, "a;", NULL, ERROR_NOT_FOUND },
	{ { { LINE(2, "a"), 0, NULL }, { "", 401, "2" } }, "a;", NULL, ERROR_UNAUTHORIZED },
	{ { { "", 410, NULL } }, "", NULL, ERROR_GONE },
	/* Not Kabuto. */
	{ { { "<html>\n", 200, NULL } }, "", NULL, ERROR_SYSTEM },
	{ { { "{\"event\":\"log\",\"data\":{}}\n", 200, NULL } }, "", NULL, ERROR_SYSTEM },
	{ { { END(1), 200, NULL } }, "", NULL, ERROR_SYSTEM },
	/* Events of a newer server. */
	{ { { "{\"event\":\"new\",\"data\":1}\n[]\n{}\n" STATE("done", FIRST) END(1), 200, NULL } },
	    "", "done", ERROR_NONE },
};

static void
test_each_line_comes_once_whatever_the_connections_do(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (piece_size = 1; piece_size <= 200; piece_size += 199) {
			cleanup_free char *lines = NULL;
			cleanup_json json_t *job = NULL;
			size_t size = 0;
			FILE *to = open_memstream(&lines, &size);
			struct http http = { 0 };
			const struct follower follower = {
				.http = &http, .job = 7, .line = note_line, .context = to
			};
			struct error err = { 0 };
			const char *seen;
			bool done;

			script = rows[i].script;
			connected = 0;
			asked_well = true;
			done = follower_run(&follower, &job, &err);
			fclose(to);
			seen = json_string_value(json_object_get(job, "state"));
			row_check(failed, done == (rows[i].state != NULL), "row %zu: %s", i,
			    err.text);
			row_check(failed, !done || (seen && strcmp(seen, rows[i].state) == 0),
			    "row %zu", i);
			row_check(failed, done || err.kind == rows[i].kind, "row %zu: %s", i,
			    err.text);
			row_check(failed, strcmp(lines, rows[i].lines) == 0, "row %zu: %s", i,
			    lines);
			row_check(failed, asked_well, "row %zu", i);
			row_check(failed,
			    connected == CONNECTIONS || script[connected].text == NULL,
			    "row %zu: %zu connections", i, connected);
		}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_line_comes_once_whatever_the_connections_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
