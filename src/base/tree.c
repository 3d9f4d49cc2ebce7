/*
 * Recursive work on folders, by openat(2) with O_NOFOLLOW.
 */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "secret.h"

#define DEPTH_MOST     64        /* levels, and so open descriptors, of a removal */
#define MEASURED_DEPTH 500       /* the same of tree_measure */
#define HELD_AHEAD     (1 << 20) /* bytes that a filesystem itself may reserve after a file's end */
#define FOLDER_FLAGS   (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static bool
tree_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

struct dirent *
tree_next(DIR *stream)
{
	struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(stream);
	} while (entry != NULL && tree_dots(entry->d_name));
	return entry;
}

/* Opens the folder name in dir. Returns NULL with errno set on failure. */
static DIR *
tree_folder_open(int dir, const char *name)
{
	int fd = openat(dir, name, FOLDER_FLAGS);
	DIR *stream;

	if (fd < 0)
		return NULL;
	stream = fdopendir(fd);
	if (stream == NULL)
		(void)close(fd);
	return stream;
}

static bool tree_empty_folder(int top, int dir, const char *name, int depth, struct error *err);

/*
 * Removes one entry. A folder that is too deep is moved up into the folder top, and the caller
 * removes it in a later pass.
 */
static bool
tree_remove_entry(int top, int dir, const char *name, int depth, struct error *err)
{
	char aside[NAME_TEXT];

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return error_errno(err, "remove '%s'", name);
	if (depth >= DEPTH_MOST) {
		secret_make_name(aside);
		if (renameat(dir, name, top, aside) < 0)
			return error_errno(err, "move the folder '%s' up to remove it", name);
		return true;
	}
	if (!tree_empty_folder(top, dir, name, depth + 1, err))
		return false;
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_errno(err, "remove the folder '%s'", name);
	return true;
}

static bool
tree_empty_folder(int top, int dir, const char *name, int depth, struct error *err)
{
	cleanup_dir DIR *stream = tree_folder_open(dir, name);
	struct dirent *entry;
	bool done = true;

	if (stream == NULL)
		return errno == ENOENT || error_errno(err, "open the folder '%s'", name);
	if (top < 0)
		top = dirfd(stream);
	while ((entry = tree_next(stream)) != NULL)
		if (!tree_remove_entry(top, dirfd(stream), entry->d_name, depth, err))
			done = false;
	return errno == 0 ? done : error_errno(err, "read the folder '%s'", name);
}

bool
tree_remove(int dir, const char *name, struct error *err)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return error_errno(err, "remove '%s'", name);
	/*
	 * A pass may miss folders that were moved up while it read the top. So pass follows pass
	 * until the top is empty or a pass fails.
	 */
	while (tree_empty_folder(-1, dir, name, 0, err)) {
		if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return true;
		if (errno != ENOTEMPTY && errno != EEXIST)
			return error_errno(err, "remove the folder '%s'", name);
	}
	return false;
}

bool
tree_is_folder(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static bool
tree_sync_file(int dir, const char *name, struct error *err)
{
	cleanup_close int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fsync(fd) < 0)
		return error_errno(err, "flush '%s'", name);
	return true;
}

bool
tree_sync(int dir, const char *name, struct error *err)
{
	cleanup_dir DIR *stream = tree_folder_open(dir, name);
	struct dirent *entry;

	if (stream == NULL)
		return error_errno(err, "open the folder '%s'", name);
	while ((entry = tree_next(stream)) != NULL)
		if (tree_is_folder(dirfd(stream), entry->d_name)
			? !tree_sync(dirfd(stream), entry->d_name, err)
			: !tree_sync_file(dirfd(stream), entry->d_name, err))
			return false;
	if (errno != 0)
		return error_errno(err, "read the folder '%s'", name);
	if (fsync(dirfd(stream)) < 0)
		return error_errno(err, "flush the folder '%s'", name);
	return true;
}

/* Too many levels count as too many bytes, so that nobody can hide files below them. */
static void
tree_measure_below(DIR *stream, int64_t limit, int64_t *bytes, int depth)
{
	struct dirent *entry;
	struct stat st;
	int64_t used;

	if (depth > MEASURED_DEPTH)
		*bytes = limit + 1;
	while (*bytes <= limit && (entry = tree_next(stream)) != NULL) {
		if (fstatat(dirfd(stream), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			cleanup_dir DIR *below = tree_folder_open(dirfd(stream), entry->d_name);

			if (below != NULL)
				tree_measure_below(below, limit, bytes, depth + 1);
		}
		used = (int64_t)st.st_blocks * 512; /* stat(2): blocks of 512 bytes */
		if (S_ISREG(st.st_mode) && st.st_size > used)
			used = st.st_size;
		*bytes = used > limit - *bytes ? limit + 1 : *bytes + used;
	}
}

int64_t
tree_measure(int dir, int64_t limit)
{
	cleanup_dir DIR *stream = tree_folder_open(dir, ".");
	int64_t bytes = 0;

	if (stream != NULL)
		tree_measure_below(stream, limit, &bytes, 0);
	return bytes;
}

bool
tree_file_is_over(int dir, const char *name, int64_t most)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (st.st_size > most || (int64_t)st.st_blocks * 256 > most + HELD_AHEAD);
}
