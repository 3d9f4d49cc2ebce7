/*
 * Downloads and unpacks.
 */
#include "results.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "download.h"
#include "extracttarget.h"
#include "httpfields.h"
#include "outboxlist.h"
#include "output.h"
#include "pathname.h"
#include "utf8.h"

#define PATH_TEXT 96 /* bytes of a path with two ids */

static bool
results_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "get the results: not enough memory");
}

static bool
results_download(struct download *download, struct http *http, int64_t pipeline, int64_t job,
    bool quiet, struct error *err)
{
	char path[PATH_TEXT];

	snprintf(path, sizeof path, "/pipeline/%" PRId64 "/job/%" PRId64 "?result", pipeline, job);
	return download_file(download, http, path, quiet, err) ||
	    error_wrap(err, "get the results of job %" PRId64, job);
}

bool
results_fetch(struct http *http, int64_t pipeline, int64_t job, struct extract *extract,
    struct error *err)
{
	struct download download;

	if (!results_download(&download, http, pipeline, job, extract->quiet, err))
		return false;
	extract->stop = http->stop;
	if (extract_zip(extract, download.fd, err)) {
		download_remove(&download);
		return true;
	}
	/* A damaged zip must not stay; after a full disk the next call need not fetch it again. */
	if (err->kind == ERROR_INPUT)
		download_remove(&download);
	else
		download_keep(&download);
	return false;
}

/* Single files */

/* Returns the path of a result in the API, NULL if memory is short. The caller frees it. */
static char *
results_path(int64_t pipeline, int64_t job, const char *name)
{
	cleanup_free char *escaped = httpfields_escape(name);
	char *path = NULL, *slash;

	if (escaped == NULL)
		return NULL;
	while ((slash = strstr(escaped, "%2F")) != NULL) {
		*slash = '/';
		memmove(slash + 1, slash + 3, strlen(slash + 3) + 1);
	}
	if (asprintf(&path, "/pipeline/%" PRId64 "/job/%" PRId64 "/outbox/%s", pipeline, job,
		escaped) < 0)
		return NULL;
	return path;
}

static bool
results_fetch_name(struct http *http, int64_t pipeline, int64_t job, struct extract *extract,
    const struct extracttarget *target, const char *name, struct error *err)
{
	const char *slash = strrchr(name, '/');
	cleanup_free char *path = results_path(pipeline, job, name);
	cleanup_close int parent = -1;
	struct download download;
	bool done;

	if (path == NULL)
		return results_no_memory(err);
	if (!download_file(&download, http, path, extract->quiet, err))
		return error_wrap(err, "get '%s'", name);
	parent = extracttarget_open_parent(target, name);
	done = parent >= 0 ? download_move(&download, parent, slash != NULL ? slash + 1 : name, err)
			   : error_errno(err, "make the folder of '%s'", name);
	extract->files++;
	extract->size += download.size;
	if (done)
		download_remove(&download);
	else
		download_keep(&download);
	return done;
}

/* Checks all names before the first is fetched. */
static bool
results_check_names(const struct extracttarget *target, const struct outboxlist *list,
    struct error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		char shown[256];

		if (!pathname_is_below(list->names[i]))
			return error_set(err, ERROR_INPUT,
			    "the results have '%s', a name that leads out: nothing was fetched",
			    utf8_show(list->names[i], shown, sizeof shown));
		if (!extracttarget_check_file(target, list->names[i], err))
			return false;
	}
	return true;
}

bool
results_fetch_names(struct http *http, int64_t pipeline, int64_t job, struct extract *extract,
    char *const *patterns, size_t count, struct error *err)
{
	struct extracttarget target = {
		.path = extract->target, .force = extract->force, .add = true
	};
	struct outboxlist list = { 0 };
	bool done = extracttarget_open(&target, err) &&
	    outboxlist_get(&list, http, pipeline, job, patterns, count, err) &&
	    results_check_names(&target, &list, err) && extracttarget_begin(&target, err);

	extract->files = 0;
	extract->size = 0;
	for (size_t i = 0; done && i < list.count; i++)
		done =
		    results_fetch_name(http, pipeline, job, extract, &target, list.names[i], err);
	done = done && extracttarget_finish(&target, err);
	extracttarget_close(&target);
	outboxlist_clear(&list);
	return done;
}

/* The zip */

bool
results_check_file(const char *file, bool force, struct error *err)
{
	cleanup_free char *copy = strdup(file);
	struct stat st;

	if (copy == NULL)
		return results_no_memory(err);
	if (strcmp(file, "-") == 0)
		return true;
	if (stat(file, &st) == 0 && S_ISDIR(st.st_mode))
		return error_set(err, ERROR_CONFLICT, "'%s' is a folder: name a file for the zip",
		    file);
	if (!force && lstat(file, &st) == 0)
		return error_set(err, ERROR_CONFLICT,
		    "'%s' exists: choose another name, or let --force replace it", file);
	return faccessat(AT_FDCWD, dirname(copy), W_OK | X_OK, AT_EACCESS) == 0 ||
	    error_errno(err, "write to the folder of '%s'", file);
}

/* Gives the downloaded zip its name, at once and whole. */
static bool
results_place(struct download *download, const char *file, bool force, struct error *err)
{
	cleanup_free char *part = NULL;

	if (asprintf(&part, "%s.kabuto-part", file) < 0) {
		part = NULL;
		return results_no_memory(err);
	}
	(void)unlink(part); /* which a killed program has left */
	if (!download_move(download, AT_FDCWD, part, err))
		return false;
	if (renameat2(AT_FDCWD, part, AT_FDCWD, file, force ? 0 : RENAME_NOREPLACE) == 0 ||
	    (errno == EINVAL && rename(part, file) == 0)) /* not known to the filesystem */
		return true;
	error_errno(err, "create '%s'", file);
	(void)unlink(part);
	return false;
}

/* Writes the zip to stdout. That nobody reads it to its end is no error. */
static bool
results_print(const struct download *download, const volatile sig_atomic_t *stop, struct error *err)
{
	struct output *output = calloc(1, sizeof *output);
	ssize_t length = 0;
	bool done;

	if (output == NULL)
		return results_no_memory(err);
	output->fd = STDOUT_FILENO;
	output->stop = stop;
	do {
		char block[65536];

		length = read(download->fd, block, sizeof block);
		done = length > 0 ? output_add(output, block, (size_t)length, err)
		    : length == 0 ? output_flush(output, err)
				  : errno == EINTR || error_errno(err, "read the cache");
	} while (done && length != 0);
	done = done || output->closed;
	free(output);
	return done;
}

bool
results_save(struct http *http, int64_t pipeline, int64_t job, const char *file, bool force,
    bool quiet, struct error *err)
{
	struct download download;
	bool done;

	if (!results_download(&download, http, pipeline, job, quiet, err))
		return false;
	done = strcmp(file, "-") != 0 ? results_place(&download, file, force, err)
				      : results_print(&download, http->stop, err);
	if (done)
		download_remove(&download);
	else
		download_keep(&download);
	return done;
}
