#ifndef KABUTO_DOWNLOAD_H
#define KABUTO_DOWNLOAD_H
/*
 * Downloads that go on after a cut, also in the next call of the program. The bytes so far lie in
 * $XDG_CACHE_HOME/kabuto (~/.cache/kabuto) in <name>.part, and their ETag in <name>.etag: a further
 * call asks for the rest by Range and If-Range (RFC 9110, sections 13.1.5 and 14.2). Parts that
 * nobody has touched for a week are removed.
 */
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "http.h"

#define DOWNLOAD_NAME 64

struct download {
	int fd;                   /* the whole file, open for reading, at its beginning */
	int64_t size;             /* bytes */
	int folder;               /* the cache's */
	char name[DOWNLOAD_NAME]; /* of the part; "": it has none, and cannot be resumed */
};

/*
 * Gets the answer of GET path into a file of the cache. The name is unique among all servers
 * and paths (a digest). If the connection is cut, or the server restarts, it goes on until
 * nothing has come for a minute. It checks that the disk has room before the first byte.
 * quiet: shows no progress. On success the caller calls download_remove when it is done with fd.
 * ERROR_INTERRUPTED (http->stop) and cuts leave the part for the next call.
 */
bool download_file(struct download *download, struct http *http, const char *path, bool quiet,
    struct error *err);

/*
 * Moves the file to `name` in the folder dir (or AT_FDCWD), with the mode of a new file; copies it
 * if the cache lies on another filesystem. No file of this name may exist. fd stays open.
 */
bool download_move(struct download *download, int dir, const char *name, struct error *err);

/* Closes fd and removes the file from the cache. */
void download_remove(struct download *download);

/* Closes fd, and leaves the file in the cache: the next download_file of the path is done at once.
 */
void download_keep(struct download *download);

#endif
