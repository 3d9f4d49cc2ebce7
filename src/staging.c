/*
 * Staging folders. Each is locked by its owner for as long as it lasts.
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

/* Whether the folder behind fd is still there: a sweep may come between its making and its lock. */
static bool
still_there(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

bool
stage_open(struct stage *stage, struct spool *spool, struct error *err)
{
	for (;;) {
		cleanup_close int fd = -1;

		name_make(stage->name);
		if (mkdirat(spool->incoming, stage->name, 02770) < 0)
			return error_errno(err, "make a folder in incoming/");
		fd = openat(spool->incoming, stage->name, FOLDER_FLAGS);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0) {
			if (fd >= 0 && errno == EWOULDBLOCK)
				continue;
			return error_errno(err, "lock a folder in incoming/");
		}
		if (still_there(fd)) {
			stage->fd = take_fd(&fd);
			return true;
		}
	}
}

void
stage_discard(struct stage *stage, struct spool *spool)
{
	struct error ignored; /* what is left, the spooler's sweep finds */

	if (stage->fd < 0)
		return;
	(void)tree_remove(spool->incoming, stage->name, &ignored);
	(void)close(take_fd(&stage->fd));
}
