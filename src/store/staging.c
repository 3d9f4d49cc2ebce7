/*
 * Staging folders. The process that makes one holds its lock until the folder is removed.
 */
#include "staging.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "take.h"
#include "tree.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

/* Whether the folder still exists. A sweep may remove it after mkdirat and before flock. */
static bool
staging_still_there(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

bool
staging_open(struct staging *staging, struct spool *spool, struct error *err)
{
	for (;;) {
		cleanup_close int fd = -1;

		secret_make_name(staging->name);
		if (mkdirat(spool->incoming, staging->name, 02770) < 0)
			return error_errno(err, "make a folder in incoming/");
		fd = openat(spool->incoming, staging->name, FOLDER_FLAGS);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0) {
			if (fd >= 0 && errno == EWOULDBLOCK)
				continue;
			return error_errno(err, "lock a folder in incoming/");
		}
		if (staging_still_there(fd)) {
			staging->fd = take_fd(&fd);
			return true;
		}
	}
}

void
staging_discard(struct staging *staging, struct spool *spool)
{
	struct error ignored; /* the spooler's sweep removes the rest */

	if (staging->fd < 0)
		return;
	(void)tree_remove(spool->incoming, staging->name, &ignored);
	(void)close(take_fd(&staging->fd));
}
