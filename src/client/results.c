/*
 * Downloads and unpacks.
 */
#include "results.h"

#include <stdio.h>

#include "download.h"

bool
results_fetch(struct http *http, int64_t pipeline, int64_t job, struct extract *extract,
    struct error *err)
{
	struct download download;
	char path[96];

	snprintf(path, sizeof path, "/pipeline/%lld/job/%lld?result", (long long)pipeline,
	    (long long)job);
	if (!download_file(&download, http, path, extract->quiet, err))
		return error_wrap(err, "get the results of job %lld", (long long)job);
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
