/*
 * Sends results. The web server sends the zip. A single file is unpacked here, because web servers
 * do not read zips. results/<token>.list lists the files (entry.c).
 */
#include "outbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "commit.h"
#include "entry.h"
#include "mediatype.h"
#include "quantity.h"
#include "response.h"
#include "take.h"
#include "wait.h"

bool
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
outbox_open(const struct request *req, const struct job *job, const char *suffix)
{
	char name[SPOOL_RESULTS_NAME];

	return openat(req->server->spool.results,
	    spool_results_name(name, job->results_token, suffix),
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

bool
outbox_open_listing(const struct request *req, const struct job *job, int *listing,
    struct error *err)
{
	if (!outbox_check_there(job, err))
		return false;
	*listing = outbox_open(req, job, "list");
	return *listing >= 0 ||
	    error_set(err, ERROR_NOT_FOUND,
		"the listing of these results is missing: download the zip instead (?result)");
}

bool
outbox_open_zip(const struct request *req, const struct job *job, int *zip, struct error *err)
{
	*zip = outbox_open(req, job, "zip");
	return *zip >= 0 || error_errno(err, "open the results of job %lld", (long long)job->id);
}

/* Finds the job in the path and opens the listing of its results. The caller closes *listing. */
static bool
outbox_find_listing(struct request *req, struct job *job, int *listing, struct error *err)
{
	struct database *db = request_database(req, err);

	return db != NULL &&
	    job_find(db, &req->caller.account, request_id(req, "pipeline"), request_id(req, "job"),
		job, err) &&
	    outbox_open_listing(req, job, listing, err);
}

static bool
outbox_write_listing(struct request *req, struct response *res, struct error *err)
{
	struct job job = { 0 };
	cleanup_close int listing = -1;
	bool done = outbox_find_listing(req, &job, &listing, err);

	job_clear(&job);
	request_release_database(req);
	if (!done)
		return false;
	response_lines(res, take_fd(&listing), 0, " ");
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

/* Finds the file in the path, and opens the zip. The caller closes *zip. */
static bool
outbox_find_file(struct request *req, const char *name, struct entry *entry, int *zip,
    struct error *err)
{
	cleanup_file FILE *listing = NULL;
	struct job job = { 0 };
	enum entry_kind kind;
	int fd = -1;
	bool found = outbox_find_listing(req, &job, &fd, err) && entry_open(&listing, fd, err) &&
	    entry_find(listing, name, &kind, entry, err);

	if (found && kind != ENTRY_FILE)
		found = error_set(err, ERROR_NOT_FOUND, "File not found in the outbox");
	found = found && commit_event(req, "job_download", job.id, err) &&
	    outbox_open_zip(req, &job, zip, err);
	job_clear(&job);
	request_release_database(req);
	return found;
}

static bool
outbox_write_file(struct request *req, struct response *res, struct error *err)
{
	cleanup_free char *name = request_rest(req, "name");
	cleanup_close int zip = -1;
	struct entry entry;
	bool done;

	if (name == NULL)
		return error_set(err, ERROR_SYSTEM, "read the path: not enough memory");
	if (!outbox_find_file(req, name, &entry, &zip, err) || !wait_enter(req, err))
		return false;
	if (mediatype_is_picture(mediatype_of(name))) /* so that a page can show it (<img>) */
		res->type = mediatype_of(name);
	outbox_name_for_saving(res, name);
	done = entry_send(res, zip, &entry, err);
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
