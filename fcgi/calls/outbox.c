/*
 * Sends results. The web server sends the zip. A single file is unpacked here, because web servers
 * do not read zips. results/<token>.list has the place in the zip where each file begins
 * (collect.c).
 */
#include "outbox.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "commit.h"
#include "number.h"
#include "quantity.h"
#include "response.h"
#include "take.h"
#include "unzip.h"
#include "wait.h"

/* Checks that the job has results. If not, err has the reason. */
static bool
outbox_check_there(const struct job *job, struct error *err)
{
	char removed[QUANTITY_TEXT];

	if (!job_ended(job))
		return error_set(err, ERROR_CONFLICT, "Job has not finished running");
	if (job->results_removed_at != 0)
		return error_set(err, ERROR_GONE,
		    "the results were removed at %s, because they were old",
		    quantity_format_time(job->results_removed_at, removed));
	if (job->results_token[0] == '\0')
		return error_set(err, ERROR_NOT_FOUND, "Job has no results, because it never ran");
	return true;
}

bool
outbox_send_zip(struct request *req, struct response *res, const struct job *job, struct error *err)
{
	char name[SPOOL_RESULTS_NAME], save_as[40];

	if (!outbox_check_there(job, err) || !commit_event(req, "job_download", job->id, err))
		return false;
	snprintf(save_as, sizeof save_as, "job-%lld.zip", (long long)job->id);
	return response_file(res, "results", spool_results_name(name, job->results_token, "zip"),
	    "application/zip", save_as);
}

static int
outbox_open_results(const struct request *req, const struct job *job, const char *suffix)
{
	char name[SPOOL_RESULTS_NAME];

	return openat(req->server->spool.results,
	    spool_results_name(name, job->results_token, suffix),
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

/* Finds the job in the path and opens the listing of its results. The caller closes *list. */
static bool
outbox_find_listing(struct request *req, struct job *job, int *list, struct error *err)
{
	struct database *db = request_database(req, err);

	if (db == NULL ||
	    !job_find(db, &req->caller.account, request_id(req, "pipeline"), request_id(req, "job"),
		job, err) ||
	    !outbox_check_there(job, err))
		return false;
	*list = outbox_open_results(req, job, "list");
	return *list >= 0 ||
	    error_set(err, ERROR_NOT_FOUND,
		"the listing of these results is missing: download the zip instead (?result)");
}

static bool
outbox_write_listing(struct request *req, struct response *res, struct error *err)
{
	struct job job = { 0 };
	cleanup_close int list = -1;
	bool done = outbox_find_listing(req, &job, &list, err);

	job_clear(&job);
	request_release_database(req);
	if (!done)
		return false;
	response_lines(res, take_fd(&list), " ");
	response_write(res, "\n", 1);
	return true;
}

bool
outbox_list(struct request *req, struct response *res, struct error *err)
{
	(void)req;
	(void)err;
	return response_stream(res, JSON_TYPE, outbox_write_listing, NULL);
}

/* A file of the listing. */
struct entry {
	int64_t offset; /* of its header in the zip */
	int64_t size;
	char sha256[65]; /* in hexadecimal */
};

/*
 * Returns {"name":"…", as in the file's line after the offset. The caller frees it. NULL: no
 * memory.
 */
static char *
outbox_line_beginning(const char *name)
{
	cleanup_json json_t *json = json_pack("{s:s}", "name", name);
	char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);

	if (text != NULL)
		text[strlen(text) - 1] = ',';
	return text;
}

static bool
outbox_parse_entry(const char *line, struct entry *entry)
{
	cleanup_json json_t *json = json_loads(strchr(line, ' ') + 1, 0, NULL);
	const char *sha256;
	json_int_t size;

	if (json == NULL || json_unpack(json, "{s:I, s:s}", "size", &size, "sha256", &sha256) < 0)
		return false;
	entry->offset = strtoll(line, NULL, 10);
	entry->size = size;
	snprintf(entry->sha256, sizeof entry->sha256, "%s", sha256);
	return true;
}

static bool
outbox_find_entry(int list, const char *name, struct entry *entry, struct error *err)
{
	cleanup_file FILE *file = fdopen(list, "r");
	cleanup_free char *beginning = outbox_line_beginning(name), *line = NULL;
	size_t room = 0;

	if (file == NULL || beginning == NULL)
		return error_set(err, ERROR_SYSTEM, "read a listing: not enough memory");
	while (getline(&line, &room, file) > 0) {
		const char *space = strchr(line, ' ');

		if (space != NULL && strncmp(space + 1, beginning, strlen(beginning)) == 0)
			return outbox_parse_entry(line, entry) ||
			    error_set(err, ERROR_SYSTEM, "the results' listing is damaged");
	}
	return ferror(file) ? error_errno(err, "read a listing")
			    : error_set(err, ERROR_NOT_FOUND, "File not found in the outbox");
}

/* The requested bytes of the file. */
struct range {
	int64_t first, length;
	bool part; /* a Range was given: answer 206 */
};

/* Parses "a-b", "a-" or "-n" (RFC 9110, section 14.1.2). False: text has another form. */
static bool
outbox_parse_range(const char *text, int64_t size, struct range *range)
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
outbox_read_range(struct response *res, const struct entry *entry, const char *tag,
    struct range *range, struct error *err)
{
	const char *header = request_header(res->req, "HTTP_RANGE");
	const char *condition = request_header(res->req, "HTTP_IF_RANGE");

	*range = (struct range){ 0, entry->size, false };
	if (strncmp(header, "bytes=", 6) != 0 ||
	    (condition[0] != '\0' && strcmp(condition, tag) != 0) ||
	    !outbox_parse_range(header + 6, entry->size, range))
		return true;
	if (range->length > 0)
		return true;
	response_header(res, "Content-Range: bytes */%lld", (long long)entry->size);
	return error_set(err, ERROR_RANGE, "the range is past the end: the file has %lld bytes",
	    (long long)entry->size);
}

/*
 * Adds a Content-Disposition with the name's last part: percent-encoded (RFC 8187, section 3.2),
 * and before it, for clients that do not know this form, in ASCII (RFC 6266, appendix D). There "_"
 * stands for a character that such clients could misread.
 */
static void
outbox_name_for_saving(struct response *res, const char *name)
{
	const char *slash = strrchr(name, '/'), *last = slash != NULL ? slash + 1 : name;
	char encoded[3 * 255 + 1], ascii[255 + 1];
	size_t at = 0, length = 0;

	for (; *last != '\0' && at + 4 <= sizeof encoded; last++) {
		unsigned char byte = (unsigned char)*last;

		if (byte < 0x80 && length + 1 < sizeof ascii)
			ascii[length++] =
			    byte < 0x20 || strchr("\"\\%\x7f", byte) != NULL ? '_' : *last;
		else if (byte >= 0xc0 && length + 1 < sizeof ascii) /* a character's first byte */
			ascii[length++] = '_';
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~",
			*last) != NULL)
			encoded[at++] = *last;
		else
			at += (size_t)sprintf(encoded + at, "%%%02X", byte);
	}
	encoded[at] = ascii[length] = '\0';
	response_header(res,
	    "Content-Disposition: attachment; filename=\"%s\"; filename*=UTF-8''%s", ascii,
	    encoded);
}

static bool
outbox_send_piece(void *context, const char *data, size_t length)
{
	return response_write(context, data, length);
}

/* Returns whether the client has the file already (RFC 9110, section 13.1.2). */
static bool
outbox_client_has(const struct request *req, const char *tag)
{
	const char *tags = request_header(req, "HTTP_IF_NONE_MATCH");

	return strcmp(tags, "*") == 0 || strstr(tags, tag) != NULL;
}

static bool
outbox_write_entry(struct response *res, int zip, const struct entry *entry, const char *name,
    struct error *err)
{
	struct range range;
	char tag[72];

	snprintf(tag, sizeof tag, "\"%s\"", entry->sha256);
	response_header(res, "ETag: %s", tag);
	response_header(res, "Accept-Ranges: bytes");
	if (outbox_client_has(res->req, tag)) {
		res->status = 304;
		return true;
	}
	if (!outbox_read_range(res, entry, tag, &range, err))
		return false;
	outbox_name_for_saving(res, name);
	response_header(res, "Content-Length: %lld", (long long)range.length);
	if (range.part)
		response_header(res, "Content-Range: bytes %lld-%lld/%lld", (long long)range.first,
		    (long long)(range.first + range.length - 1), (long long)entry->size);
	res->status = range.part ? 206 : 200;
	if (request_is_head(res->req) ||
	    unzip_entry(zip, entry->offset, range.first, range.length, outbox_send_piece, res, err))
		return true;
	if (!res->sent)
		response_drop_headers(res); /* the file's; an error's body has its own length */
	return false;
}

static bool
outbox_write_file(struct request *req, struct response *res, struct error *err)
{
	cleanup_free char *name = request_rest(req, "name");
	struct job job = { 0 };
	struct entry entry;
	int list = -1;
	cleanup_close int zip = -1;
	bool done;

	if (name == NULL)
		return error_set(err, ERROR_SYSTEM, "read the path: not enough memory");
	done = outbox_find_listing(req, &job, &list, err) &&
	    outbox_find_entry(list, name, &entry, err) &&
	    commit_event(req, "job_download", job.id, err);
	if (done)
		zip = outbox_open_results(req, &job, "zip");
	job_clear(&job);
	request_release_database(req);
	if (done && zip < 0)
		return error_errno(err, "open the results of job %lld",
		    (long long)request_id(req, "job"));
	if (!done || !wait_enter(req, err))
		return false;
	done = outbox_write_entry(res, zip, &entry, name, err);
	wait_leave(req);
	return done;
}

bool
outbox_file(struct request *req, struct response *res, struct error *err)
{
	(void)req;
	(void)err;
	return response_stream(res, "application/octet-stream", outbox_write_file, NULL);
}
