/*
 * Splits pieces of a stream into lines of JSON.
 */
#include "ndjson.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define LINE_MOST (64 << 20) /* bytes; a job with 100,000 attachments has about 10 MiB */

static bool
ndjson_read(const char *line, size_t length, ndjson_visit *visit, void *context, struct error *err)
{
	cleanup_json json_t *value = NULL;

	if (length == 0 || (length == 1 && line[0] == '\r'))
		return true;
	/* A log may contain NUL. */
	value = json_loadb(line, length, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
	if (value == NULL)
		return error_set(err, ERROR_SYSTEM,
		    "the server sent events that are not JSON: check the URL (kabuto login)");
	return visit(value, context, err);
}

static bool
ndjson_keep(struct ndjson *lines, const char *piece, size_t length, struct error *err)
{
	size_t room = lines->room > 0 ? lines->room : 4096;
	char *rest;

	if (length > LINE_MOST - lines->length)
		return error_set(err, ERROR_SYSTEM,
		    "the server sent a line of more than 64 MiB: check the URL (kabuto login)");
	while (room < lines->length + length)
		room *= 2;
	rest = room == lines->room ? lines->rest : realloc(lines->rest, room);
	if (rest == NULL)
		return error_set(err, ERROR_SYSTEM, "read events: not enough memory");
	lines->rest = rest;
	lines->room = room;
	memcpy(rest + lines->length, piece, length);
	lines->length += length;
	return true;
}

bool
ndjson_add(struct ndjson *lines, const char *piece, size_t length, ndjson_visit *visit,
    void *context, struct error *err)
{
	const char *end;

	while (length > 0 && (end = memchr(piece, '\n', length)) != NULL) {
		size_t part = (size_t)(end - piece);
		bool done;

		if (lines->length == 0) {
			done = ndjson_read(piece, part, visit, context, err);
		} else {
			done = ndjson_keep(lines, piece, part, err) &&
			    ndjson_read(lines->rest, lines->length, visit, context, err);
			lines->length = 0;
		}
		if (!done)
			return false;
		piece = end + 1;
		length -= part + 1;
	}
	return length == 0 || ndjson_keep(lines, piece, length, err);
}

void
ndjson_clear(struct ndjson *lines)
{
	free(lines->rest);
	*lines = (struct ndjson){ 0 };
}
