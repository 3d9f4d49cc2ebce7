/*
 * Shows results. What a job has written may be hostile, and its pages may run scripts. So such a
 * page must not be able to act for the user who looks at it: the sandbox gives it an origin of its
 * own (WHATWG HTML, "sandboxing"), from which the browser sends no cookie and lets it read no
 * answer of Kabuto, except the files of this view, which every origin may read. Nothing here reads
 * or sets a cookie: the token in the path is all that counts.
 */
#include "views.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "commit.h"
#include "entry.h"
#include "job.h"
#include "mediatype.h"
#include "outbox.h"
#include "quantity.h"
#include "response.h"
#include "view.h"
#include "wait.h"

#define VIEW_HEADERS(policy)                                                                       \
	"X-Content-Type-Options: nosniff\r\n"                                                      \
	"Content-Security-Policy: " policy "\r\n"                                                  \
	"Access-Control-Allow-Origin: *\r\n"                                                       \
	"Cross-Origin-Resource-Policy: cross-origin\r\n"                                           \
	"Referrer-Policy: no-referrer\r\n"                                                         \
	"X-Robots-Tag: noindex\r\n"                                                                \
	"Cache-Control: no-store\r\n"

static const char views_of_files[] = VIEW_HEADERS("sandbox allow-scripts");
/* A sandbox would keep a browser from starting its viewer. It runs no script in Kabuto's origin. */
static const char views_of_pdf[] = VIEW_HEADERS(
    "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'");
/* Our own list of files has no script; its links may lead to downloads. */
static const char views_of_list[] = VIEW_HEADERS(
    "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox allow-downloads");

bool
views_open(struct request *req, struct response *res, struct error *err)
{
	struct database *db = commit_begin(req, err);
	char token[TOKEN_TEXT], expires[QUANTITY_TEXT], url[TOKEN_TEXT + 16];
	cleanup_close int listing = -1;
	struct job job = { 0 };
	int64_t expires_at;
	bool done = db != NULL &&
	    job_find(db, &req->caller.account, request_id(req, "pipeline"), request_id(req, "job"),
		&job, err) &&
	    outbox_open_listing(req, &job, &listing, err) &&
	    view_open(db, req->caller.account.id, job.id, token, &expires_at, err);

	job_clear(&job);
	if (!done)
		return false;
	snprintf(url, sizeof url, "/view/%s/", token);
	return response_pack(res, err, 200, "{s:s, s:s}", "url", url, "expires",
	    quantity_format_time(expires_at, expires));
}

/* What a call asks for. */
struct views_target {
	char *rest;  /* the path from the token on, decoded */
	char *name;  /* the part of rest after the token's "/"; NULL: there is no "/" */
	bool folder; /* name is empty or ends in "/" */
	FILE *listing;
	const char *type; /* of the file */
	enum entry_kind kind;
	struct entry entry;
	int zip; /* -1: not opened */
};

static void
views_target_clear(struct views_target *target)
{
	free(target->rest);
	if (target->listing != NULL)
		(void)fclose(target->listing);
	if (target->zip >= 0)
		(void)close(target->zip);
}

static bool
views_read_name(const struct request *req, struct views_target *target, struct error *err)
{
	char *slash;

	target->rest = request_rest(req, "token");
	if (target->rest == NULL)
		return error_set(err, ERROR_SYSTEM, "read the path: not enough memory");
	slash = strchr(target->rest, '/');
	target->name = slash == NULL ? NULL : slash + 1;
	target->folder = slash != NULL &&
	    (target->name[0] == '\0' || target->name[strlen(target->name) - 1] == '/');
	return true;
}

/* Finds what the name is. In a folder, index.html stands for the folder, as on a web server. */
static bool
views_find_entry(struct views_target *target, struct error *err)
{
	const char *name = target->name != NULL ? target->name : "";
	cleanup_free char *index = NULL;

	target->type = mediatype_of(name);
	if (target->folder) {
		if (asprintf(&index, "%sindex.html", name) < 0)
			return error_set(err, ERROR_SYSTEM, "read a listing: not enough memory");
		if (!entry_find(target->listing, index, &target->kind, &target->entry, err))
			return false;
		target->type = mediatype_of(index);
		if (target->kind == ENTRY_FILE)
			return true;
	}
	return entry_find(target->listing, name, &target->kind, &target->entry, err);
}

/* Finds the view, its job, and the file. From here on, the call counts as the account's. */
static bool
views_find(struct request *req, struct views_target *target, struct error *err)
{
	struct database *db = request_database(req, err);
	struct job job = { 0 };
	int64_t id = 0;
	int listing = -1;
	bool found = db != NULL &&
	    view_find(db, request_word(req, "token"), &req->caller.account, &id, err) &&
	    job_find(db, &req->caller.account, 0, id, &job, err) &&
	    outbox_open_listing(req, &job, &listing, err) &&
	    entry_open(&target->listing, listing, err) && views_find_entry(target, err) &&
	    (target->kind != ENTRY_FILE || outbox_open_zip(req, &job, &target->zip, err));

	job_clear(&job);
	request_release_database(req);
	return found;
}

/* The page that lists a folder's files. */
struct views_page {
	struct response *res;
	const char *folder; /* "" or with "/" at the end */
};

static bool
views_put(struct response *res, const char *text)
{
	return response_write(res, text, strlen(text));
}

/* Writes text so that HTML shows it as it is, in an attribute too. */
static void
views_put_text(struct response *res, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&':
			views_put(res, "&amp;");
			break;
		case '<':
			views_put(res, "&lt;");
			break;
		case '>':
			views_put(res, "&gt;");
			break;
		case '"':
			views_put(res, "&quot;");
			break;
		case '\'':
			views_put(res, "&#39;");
			break;
		default:
			response_write(res, text, 1);
		}
}

/*
 * Writes a link to the file, relative to its folder. "./" keeps "a:b" from being read as a scheme
 * (RFC 3986, section 4.2).
 */
static void
views_put_link(struct response *res, const char *name)
{
	char encoded[4];

	views_put(res, "./");
	for (; *name != '\0'; name++) {
		unsigned char byte = (unsigned char)*name;

		snprintf(encoded, sizeof encoded,
		    isalnum(byte) || strchr("/-._~", byte) != NULL ? "%c" : "%%%02X", byte);
		views_put(res, encoded);
	}
}

static bool
views_put_entry(const char *name, const struct entry *entry, void *context)
{
	const struct views_page *page = context;
	size_t length = strlen(page->folder);
	char size[48];

	if (strncmp(name, page->folder, length) != 0)
		return true;
	views_put(page->res, "<li><a href=\"");
	views_put_link(page->res, name + length);
	views_put(page->res, "\"><bdi>");
	views_put_text(page->res, name + length);
	snprintf(size, sizeof size, "</bdi></a> (%lld bytes)\n", (long long)entry->size);
	return views_put(page->res, size);
}

static bool
views_send_list(struct response *res, const struct views_target *target, struct error *err)
{
	struct views_page page = { res, target->name };

	res->type = mediatype_of(".html");
	res->security = views_of_list;
	if (request_is_head(res->req))
		return true;
	views_put(res,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<title>Results</title>\n<h1>Results</h1>\n<p>Files in /outbox/");
	views_put_text(res, page.folder);
	views_put(res, target->kind == ENTRY_NONE ? ": none\n" : ":\n<ul>\n");
	if (!entry_each(target->listing, views_put_entry, &page, err))
		return false;
	views_put(res, target->kind == ENTRY_NONE ? "" : "</ul>\n");
	return true;
}

static bool
views_send_file(struct response *res, const struct views_target *target, struct error *err)
{
	bool done;

	if (!wait_enter(res->req, err))
		return false;
	res->type = target->type;
	res->security = strcmp(res->type, "application/pdf") == 0 ? views_of_pdf : views_of_files;
	done = entry_send(res, target->zip, &target->entry, err);
	wait_leave(res->req);
	return done;
}

/* Relative links work only below a folder whose URL ends in "/". */
static bool
views_send_to_folder(struct response *res)
{
	cleanup_free char *to = NULL;

	if (asprintf(&to, "%s/", res->req->path.text) < 0)
		to = NULL;
	return response_redirect(res, to != NULL ? to : "/");
}

static bool
views_write(struct request *req, struct response *res, struct error *err)
{
	struct views_target target = { .zip = -1 };
	bool done;

	done = views_read_name(req, &target, err) && views_find(req, &target, err);
	if (done && target.kind == ENTRY_FILE)
		done = views_send_file(res, &target, err);
	else if (done && (target.name == NULL || (target.kind == ENTRY_FOLDER && !target.folder)))
		done = views_send_to_folder(res);
	else if (done && (target.kind == ENTRY_FOLDER || target.name[0] == '\0'))
		done = views_send_list(res, &target, err);
	else if (done)
		done = error_set(err, ERROR_NOT_FOUND, "File not found in the outbox");
	views_target_clear(&target);
	return done;
}

bool
views_show(struct request *req, struct response *res, struct error *err)
{
	(void)req;
	(void)err;
	return response_stream(res, "application/octet-stream", views_write, NULL);
}
