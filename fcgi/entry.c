/*
 * Finds files in a listing (daemon/spooler/collect.c), and sends them. A line of the listing is
 * "<offset> {"name":…,"size":…,"sha256":…}": the offset is the place in the zip where the file's
 * header begins.
 */
#include "entry.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "number.h"
#include "request.h"
#include "unzip.h"

/*
 * Returns {"name":"…", as in the lines of the files whose names begin so. The caller frees it.
 * NULL: no memory.
 */
static char *
entry_line_beginning(const char *name)
{
	cleanup_json json_t *json = json_pack("{s:s}", "name", name);
	char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);

	if (text != NULL)
		text[strlen(text) - strlen("\"}")] = '\0';
	return text;
}

/* Parses a line. *json gets the value that name points into; the caller decrefs it. */
static bool
entry_parse(const char *line, json_t **json, const char **name, struct entry *entry,
    struct error *err)
{
	const char *space = strchr(line, ' '), *sha256;
	json_int_t size;

	*json = space == NULL ? NULL : json_loads(space + 1, 0, NULL);
	if (*json == NULL ||
	    json_unpack(*json, "{s:s, s:I, s:s}", "name", name, "size", &size, "sha256", &sha256) <
		0)
		return error_set(err, ERROR_SYSTEM, "the results' listing is damaged");
	entry->offset = strtoll(line, NULL, 10);
	entry->size = size;
	snprintf(entry->sha256, sizeof entry->sha256, "%s", sha256);
	return true;
}

bool
entry_open(FILE **listing, int fd, struct error *err)
{
	*listing = fdopen(fd, "r");
	if (*listing != NULL)
		return true;
	(void)close(fd);
	return error_set(err, ERROR_SYSTEM, "read a listing: not enough memory");
}

bool
entry_find(FILE *listing, const char *name, enum entry_kind *kind, struct entry *entry,
    struct error *err)
{
	cleanup_free char *beginning = entry_line_beginning(name), *line = NULL;
	size_t length = beginning == NULL ? 0 : strlen(beginning), room = 0;
	cleanup_json json_t *json = NULL;

	*kind = ENTRY_NONE;
	if (beginning == NULL)
		return error_set(err, ERROR_SYSTEM, "read a listing: not enough memory");
	rewind(listing);
	while (getline(&line, &room, listing) > 0) {
		const char *space = strchr(line, ' ');

		if (space == NULL || strncmp(space + 1, beginning, length) != 0)
			continue;
		if (space[1 + length] == '"') {
			*kind = ENTRY_FILE;
			return entry_parse(line, &json, &name, entry, err);
		}
		if (space[1 + length] == '/' || name[0] == '\0' || name[strlen(name) - 1] == '/')
			*kind = ENTRY_FOLDER;
	}
	return !ferror(listing) || error_errno(err, "read a listing");
}

bool
entry_each(FILE *listing, entry_visit *visit, void *context, struct error *err)
{
	cleanup_free char *line = NULL;
	size_t room = 0;
	bool more = true;

	rewind(listing);
	while (more && getline(&line, &room, listing) > 0) {
		cleanup_json json_t *json = NULL;
		struct entry entry;
		const char *name;

		if (!entry_parse(line, &json, &name, &entry, err))
			return false;
		more = visit(name, &entry, context);
	}
	return !ferror(listing) || error_errno(err, "read a listing");
}

/* The requested bytes of the file. */
struct range {
	int64_t first, length;
	bool part; /* a Range was given: answer 206 */
};

/* Parses "a-b", "a-" or "-n" (RFC 9110, section 14.1.2). False: text has another form. */
static bool
entry_parse_range(const char *text, int64_t size, struct range *range)
{
	char first[24], last[24];
	size_t length = strcspn(text, "-");
	int64_t from = 0, to = INT64_MAX;

	if (text[length] != '-' || length >= sizeof first || strlen(text + length + 1) >= 24)
		return false;
	snprintf(first, sizeof first, "%.*s", (int)length, text);
	snprintf(last, sizeof last, "%s", text + length + 1);
	if ((first[0] != '\0' && !number_parse_integer(first, &from)) ||
	    (last[0] != '\0' && !number_parse_integer(last, &to)) ||
	    (first[0] == '\0' && last[0] == '\0') || from > to)
		return false;
	if (first[0] == '\0') {
		from = to < size ? size - to : 0;
		to = to == 0 ? -1 : INT64_MAX;
	}
	to = to < size ? to : size - 1;
	*range = (struct range){ from, to - from + 1, true };
	return true;
}

/*
 * Reads the Range header. The range is the whole file if the header is missing or malformed, has
 * several ranges, or If-Range has another ETag (RFC 9110, section 14.2). ERROR_RANGE: past the end.
 */
static bool
entry_read_range(struct response *res, const struct entry *entry, const char *tag,
    struct range *range, struct error *err)
{
	const char *header = request_header(res->req, "HTTP_RANGE");
	const char *condition = request_header(res->req, "HTTP_IF_RANGE");

	*range = (struct range){ 0, entry->size, false };
	if (strncmp(header, "bytes=", 6) != 0 ||
	    (condition[0] != '\0' && strcmp(condition, tag) != 0) ||
	    !entry_parse_range(header + 6, entry->size, range))
		return true;
	if (range->length > 0)
		return true;
	response_drop_headers(res); /* the file's */
	response_header(res, "Content-Range: bytes */%lld", (long long)entry->size);
	return error_set(err, ERROR_RANGE, "the range is past the end: the file has %lld bytes",
	    (long long)entry->size);
}

static bool
entry_send_piece(void *context, const char *data, size_t length)
{
	return response_write(context, data, length);
}

/* Returns whether the client has the file already (RFC 9110, section 13.1.2). */
static bool
entry_client_has(const struct request *req, const char *tag)
{
	const char *tags = request_header(req, "HTTP_IF_NONE_MATCH");

	return strcmp(tags, "*") == 0 || strstr(tags, tag) != NULL;
}

bool
entry_send(struct response *res, int zip, const struct entry *entry, struct error *err)
{
	struct range range;
	char tag[72];

	snprintf(tag, sizeof tag, "\"%s\"", entry->sha256);
	response_header(res, "ETag: %s", tag);
	response_header(res, "Accept-Ranges: bytes");
	if (entry_client_has(res->req, tag)) {
		res->status = 304;
		return true;
	}
	if (!entry_read_range(res, entry, tag, &range, err))
		return false;
	response_header(res, "Content-Length: %lld", (long long)range.length);
	if (range.part)
		response_header(res, "Content-Range: bytes %lld-%lld/%lld", (long long)range.first,
		    (long long)(range.first + range.length - 1), (long long)entry->size);
	res->status = range.part ? 206 : 200;
	if (request_is_head(res->req) ||
	    unzip_entry(zip, entry->offset, range.first, range.length, entry_send_piece, res, err))
		return true;
	if (!res->sent)
		response_drop_headers(res); /* the file's; an error's body has its own length */
	return false;
}
