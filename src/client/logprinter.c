/*
 * Prints lines of a log, byte by byte as the job wrote them.
 */
#include "logprinter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "interrupt.h"
#include "jobref.h"
#include "patience.h"

#define RAW_MOST (1 << 20) /* bytes of the raw log that are asked for at a time */

struct logprinter *
logprinter_new(struct http *http, int64_t job)
{
	struct logprinter *printer = calloc(1, sizeof *printer);

	if (printer == NULL)
		return NULL;
	printer->http = http;
	printer->job = job;
	printer->out.fd = STDOUT_FILENO;
	printer->error.fd = STDERR_FILENO;
	logprinter_set_stop(printer, interrupt_first());
	return printer;
}

void
logprinter_set_stop(struct logprinter *printer, const volatile sig_atomic_t *stop)
{
	printer->out.stop = printer->error.stop = stop;
}

void
logprinter_set_job(struct logprinter *printer, const json_t *job)
{
	printer->known = true;
	printer->exact = json_integer_value(json_object_get(job, "retries")) == 0;
}

void
logprinter_free(struct logprinter *printer)
{
	if (printer == NULL)
		return;
	http_close(&printer->reader);
	free(printer->raw);
	free(printer);
}

/* Whether bytes that are not UTF-8 were replaced: U+FFFD has three bytes, so the line is longer. */
static bool
logprinter_is_changed(const struct follower_line *line)
{
	return line->bytes >= 0 && line->bytes < (int64_t)line->length + !line->partial;
}

/* Gets a piece of the raw log. */
static bool
logprinter_keep_raw(void *context, const char *data, size_t length, struct error *err)
{
	struct logprinter *printer = context;

	if (length > RAW_MOST - printer->raw_length)
		return error_set(err, ERROR_SYSTEM, "the server sent more than it was asked for");
	memcpy(printer->raw + printer->raw_length, data, length);
	printer->raw_length += length;
	return true;
}

/* The call that the lines come from is not over, so the raw log needs another connection. */
static bool
logprinter_open_reader(struct logprinter *printer, struct error *err)
{
	if (printer->reader.easy == NULL &&
	    !http_open_url(&printer->reader, printer->http->settings.url,
		printer->http->settings.token, err))
		return false;
	printer->reader.stop = printer->http->stop;
	return true;
}

/* Reads a part of the raw log that begins at `at`. */
static bool
logprinter_read_raw(struct logprinter *printer, int64_t at, struct error *err)
{
	cleanup_http_answer struct http_answer answer = { 0 };
	char path[64], range[96];
	const char *const headers[] = { range, NULL };
	const struct http_request request = { .path = path,
		.accept = "*/*",
		.headers = headers,
		.write = logprinter_keep_raw,
		.context = printer };

	if (printer->raw == NULL)
		printer->raw = malloc(RAW_MOST);
	if (printer->raw == NULL)
		return error_set(err, ERROR_SYSTEM, "read a log: not enough memory");
	printer->raw_at = at;
	printer->raw_length = 0;
	snprintf(path, sizeof path, "/execution/%" PRId64 "/logs?raw", printer->job);
	snprintf(range, sizeof range, "Range: bytes=%" PRId64 "-%" PRId64, at, at + RAW_MOST - 1);
	if (!http_transfer(&printer->reader, &request, &answer, err))
		return false;
	return answer.status == 206 ||
	    error_set(err, ERROR_SYSTEM, "the server did not send the part of the log");
}

/* Whether the part of the raw log that was read has the line. */
static bool
logprinter_has_raw(const struct logprinter *printer, const struct follower_line *line)
{
	return printer->raw_length > 0 && line->id - line->bytes >= printer->raw_at &&
	    line->id <= printer->raw_at + (int64_t)printer->raw_length;
}

/* Asks for the job if it is not known, and then for the part of the raw log with the line. */
static bool
logprinter_ask(struct logprinter *printer, const struct follower_line *line, struct error *err)
{
	cleanup_jobref struct jobref job = { 0 };
	char id[24];

	if (!logprinter_open_reader(printer, err))
		return false;
	if (!printer->known) {
		snprintf(id, sizeof id, "%" PRId64, printer->job);
		if (!jobref_find(&printer->reader, id, &job, err))
			return false;
		logprinter_set_job(printer, job.job);
	}
	return !printer->exact || logprinter_has_raw(printer, line) ||
	    logprinter_read_raw(printer, line->id - line->bytes, err);
}

/*
 * *raw gets the bytes of a line in the raw log, with its end; NULL: the server does not have them.
 * While the server does not answer, it is asked again. False: err is set.
 */
static bool
logprinter_find_raw(struct logprinter *printer, const struct follower_line *line, const char **raw,
    struct error *err)
{
	struct patience patience = { 0 };

	*raw = NULL;
	if ((printer->known && !printer->exact) || line->bytes > RAW_MOST)
		return true;
	while (!logprinter_ask(printer, line, err)) {
		printer->raw_length = 0;
		if (!patience_may_help(err))
			return err->kind != ERROR_INTERRUPTED;
		if (!patience_wait(&patience, &printer->reader, err))
			return false;
	}
	if (printer->exact && logprinter_has_raw(printer, line))
		*raw = printer->raw + (line->id - line->bytes - printer->raw_at);
	return true;
}

static bool
logprinter_add_json(struct output *to, const struct follower_line *line, struct error *err)
{
	cleanup_free char *text = json_dumps(line->json, JSON_COMPACT);

	if (text == NULL)
		return error_set(err, ERROR_SYSTEM, "print a log: not enough memory");
	return output_add(to, text, strlen(text), err) && output_add(to, "\n", 1, err);
}

/* Returns the end of a line. One that takes two bytes more than its text had "\r\n". */
static const char *
logprinter_end(const struct follower_line *line)
{
	if (line->partial)
		return "";
	return line->bytes == (int64_t)line->length + 2 ? "\r\n" : "\n";
}

static bool
logprinter_add(struct logprinter *printer, struct output *to, const struct follower_line *line,
    struct error *err)
{
	const char *end = logprinter_end(line), *raw = NULL;
	bool begins = !printer->within || printer->last != to;

	if (printer->times && begins &&
	    (!output_add(to, line->time, strlen(line->time), err) || !output_add(to, " ", 1, err)))
		return false;
	printer->within = line->partial;
	printer->last = to;
	if (logprinter_is_changed(line) && !logprinter_find_raw(printer, line, &raw, err))
		return false;
	if (raw != NULL)
		return output_add(to, raw, (size_t)line->bytes, err);
	return output_add(to, line->text, line->length, err) &&
	    output_add(to, end, strlen(end), err);
}

bool
logprinter_line(void *context, const struct follower_line *line, struct error *err)
{
	struct logprinter *printer = context;
	bool of_job = strcmp(line->stream, "stdout") == 0;
	struct output *to = of_job || printer->json ? &printer->out : &printer->error;

	if (printer->quiet && strcmp(line->stream, "system") == 0)
		return true;
	if (printer->json)
		return logprinter_add_json(to, line, err);
	/* What came before it on the other stream is written before it. */
	if (printer->last != NULL && printer->last != to && !output_flush(printer->last, err))
		return false;
	return logprinter_add(printer, to, line, err);
}

bool
logprinter_flush(void *context, struct error *err)
{
	struct logprinter *printer = context;

	return output_flush(&printer->out, err) && output_flush(&printer->error, err);
}

void
logprinter_finish(struct logprinter *printer)
{
	struct error ignored;

	if (printer->within && isatty(STDERR_FILENO) && isatty(printer->last->fd) &&
	    output_add(&printer->error, "\n", 1, &ignored))
		(void)output_flush(&printer->error, &ignored);
	printer->within = false;
}

bool
logprinter_closed(const struct logprinter *printer)
{
	return printer->out.closed;
}
