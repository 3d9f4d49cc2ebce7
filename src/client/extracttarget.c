/*
 * Nothing here follows a link below the target: a folder of the results is merged only into a real
 * folder.
 */
#include "extracttarget.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "take.h"
#include "tree.h"

#define HIDDEN       ".kabuto-unpacking"
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

static bool
extracttarget_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "unpack the results: not enough memory");
}

/* Whether the open folder has no entry but a hidden folder of ours. */
static bool
extracttarget_is_empty(int fd)
{
	int copy = openat(fd, ".", FOLDER_FLAGS);
	cleanup_dir DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (stream == NULL) {
		if (copy >= 0)
			(void)close(copy);
		return false;
	}
	while ((entry = tree_next(stream)) != NULL)
		if (strcmp(entry->d_name, HIDDEN) != 0)
			return false;
	return errno == 0;
}

/* Opens the target itself. *missing becomes true if it does not exist. */
static bool
extracttarget_open_folder(struct extracttarget *target, bool *missing, struct error *err)
{
	struct stat st;

	*missing = false;
	target->at = open(target->path, FOLDER_FLAGS);
	if (target->at < 0 && errno == ENOENT) {
		*missing = lstat(target->path, &st) < 0;
		return *missing ||
		    error_set(err, ERROR_CONFLICT,
			"'%s' is a symbolic link that leads to nothing: choose another folder with -o",
			target->path);
	}
	if (target->at < 0 && errno == ENOTDIR)
		return error_set(err, ERROR_CONFLICT,
		    "'%s' is not a folder: choose another one with -o", target->path);
	if (target->at < 0)
		return error_errno(err, "open the folder '%s'", target->path);
	if (!target->force && !target->add && !extracttarget_is_empty(target->at))
		return error_set(err, ERROR_CONFLICT,
		    "the folder '%s' is not empty: choose another one with -o, or let --force replace "
		    "the files of the same names",
		    target->path);
	target->exists = true;
	return true;
}

/* Opens the nearest folder above the target that exists. rest: the whole path. */
static bool
extracttarget_open_above(struct extracttarget *target, struct error *err)
{
	cleanup_free char *above = strdup(target->rest);
	size_t length = above == NULL ? 0 : strlen(above);

	if (above == NULL)
		return extracttarget_no_memory(err);
	while (length > 1 && above[length - 1] == '/')
		length--;
	do {
		while (length > 0 && above[length - 1] != '/')
			length--;
		memmove(target->rest, target->path + length, strlen(target->path + length) + 1);
		while (length > 1 && above[length - 1] == '/')
			length--;
		above[length] = '\0';
		target->at = open(length > 0 ? above : ".", FOLDER_FLAGS);
	} while (target->at < 0 && errno == ENOENT && length > 0);
	if (target->at < 0)
		return error_errno(err, "open the folder '%s'", above);
	for (const char *part = target->rest; *part != '\0'; part += strspn(part, "/")) {
		size_t size = strcspn(part, "/");

		if (size == 2 && memcmp(part, "..", 2) == 0)
			return error_set(err, ERROR_INPUT,
			    "'%s' has '..' behind a folder that does not exist", target->path);
		part += size;
	}
	return true;
}

bool
extracttarget_open(struct extracttarget *target, struct error *err)
{
	const char *path = target->path;
	bool missing;

	target->at = target->folder = -1;
	target->rest = strdup(path);
	if (target->rest == NULL)
		return extracttarget_no_memory(err);
	if (path[0] == '\0')
		return error_set(err, ERROR_INPUT, "the target folder has no name");
	if (!extracttarget_open_folder(target, &missing, err))
		return false;
	if (!missing)
		target->rest[0] = '\0';
	else if (!extracttarget_open_above(target, err))
		return false;
	return faccessat(target->at, ".", W_OK | X_OK, AT_EACCESS) == 0 ||
	    error_errno(err, "write to %s '%s'", missing ? "a folder above" : "the folder", path);
}

/* Removes all that a program that was killed has left in the hidden folder. */
static bool
extracttarget_empty(int folder, struct error *err)
{
	int copy = openat(folder, ".", FOLDER_FLAGS);
	cleanup_dir DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (stream == NULL)
		return error_errno(err, "read the folder '%s'", HIDDEN);
	while ((entry = tree_next(stream)) != NULL)
		if (!tree_remove(folder, entry->d_name, err))
			return false;
	return errno == 0 || error_errno(err, "read the folder '%s'", HIDDEN);
}

bool
extracttarget_begin(struct extracttarget *target, struct error *err)
{
	struct stat made, named;
	bool found;

	if (asprintf(&target->hidden, "%s%s%.150s", HIDDEN, target->rest[0] != '\0' ? "-" : "",
		target->rest) < 0) {
		target->hidden = NULL;
		return extracttarget_no_memory(err);
	}
	for (char *slash = target->hidden; (slash = strchr(slash, '/')) != NULL;)
		*slash = '-';
	found = mkdirat(target->at, target->hidden, 0777) < 0;
	if (found && errno != EEXIST)
		return error_errno(err, "make a folder to unpack into '%s'", target->path);
	target->folder = openat(target->at, target->hidden, FOLDER_FLAGS | O_NOFOLLOW);
	if (target->folder < 0)
		return error_errno(err, "open the folder '%s' beside '%s'", target->hidden,
		    target->path);
	/* A filesystem without locks is used without. */
	if ((flock(target->folder, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) ||
	    fstat(target->folder, &made) < 0 ||
	    fstatat(target->at, target->hidden, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
	    made.st_ino != named.st_ino || made.st_dev != named.st_dev) {
		(void)close(take_fd(&target->folder)); /* so that the other program's stays */
		return error_set(err, ERROR_CONFLICT,
		    "another kabuto unpacks into '%s' now: wait until it is done, or choose another folder with -o",
		    target->path);
	}
	if (found && made.st_uid != geteuid()) { /* who could read and change what is unpacked */
		(void)close(take_fd(&target->folder));
		return error_set(err, ERROR_CONFLICT,
		    "the folder '%s' beside '%s' belongs to another user: choose another folder with -o",
		    target->hidden, target->path);
	}
	return extracttarget_empty(target->folder, err);
}

int
extracttarget_open_parent(const struct extracttarget *target, const char *name)
{
	cleanup_close int at = openat(target->folder, ".", FOLDER_FLAGS);
	char part[NAME_MAX + 1];
	const char *slash;

	for (; at >= 0 && (slash = strchr(name, '/')) != NULL; name = slash + 1) {
		int below;

		if (slash - name > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, name, (size_t)(slash - name));
		part[slash - name] = '\0';
		if (mkdirat(at, part, 0777) < 0 && errno != EEXIST)
			return -1;
		below = openat(at, part, FOLDER_FLAGS | O_NOFOLLOW);
		(void)close(at);
		at = below;
	}
	return take_fd(&at);
}

typedef bool extracttarget_visit(const struct extracttarget *target, int from, int to,
    const char *name, const char *path, struct error *err);

/* Calls visit for each entry of the folder `from`. path: of the folder, with a slash, or "". */
static bool
extracttarget_each(const struct extracttarget *target, extracttarget_visit *visit, int from, int to,
    const char *path, struct error *err)
{
	int copy = openat(from, ".", FOLDER_FLAGS);
	cleanup_dir DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (stream == NULL)
		return error_errno(err, "read the folder of the unpacked results");
	while ((entry = tree_next(stream)) != NULL) {
		cleanup_free char *below = NULL;

		if (asprintf(&below, "%s%s", path, entry->d_name) < 0) {
			below = NULL;
			return extracttarget_no_memory(err);
		}
		if (!visit(target, from, to, entry->d_name, below, err))
			return false;
	}
	return errno == 0 || error_errno(err, "read the folder of the unpacked results");
}

/* Visits the entries of a folder that both sides have. */
static bool
extracttarget_descend(const struct extracttarget *target, extracttarget_visit *visit, int from,
    int to, const char *name, const char *path, struct error *err)
{
	cleanup_close int from_below = openat(from, name, FOLDER_FLAGS | O_NOFOLLOW);
	cleanup_close int to_below = openat(to, name, FOLDER_FLAGS | O_NOFOLLOW);
	cleanup_free char *slashed = NULL;

	if (from_below < 0 || to_below < 0)
		return error_errno(err, "open the folder '%s' in '%s'", path, target->path);
	if (asprintf(&slashed, "%s/", path) < 0) {
		slashed = NULL;
		return extracttarget_no_memory(err);
	}
	return extracttarget_each(target, visit, from_below, to_below, slashed, err);
}

static bool
extracttarget_is_there(const struct extracttarget *target, const char *path, struct error *err)
{
	return error_set(err, ERROR_CONFLICT,
	    "'%s' is in '%s' already: choose another folder with -o, or let --force replace it",
	    path, target->path);
}

/* Checks that an entry can be moved: see extracttarget_finish. */
static bool
extracttarget_check_entry(const struct extracttarget *target, int from, int to, const char *name,
    const char *path, struct error *err)
{
	bool folder = tree_is_folder(from, name);
	struct stat st;

	if (fstatat(to, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || error_errno(err, "read '%s' in '%s'", path, target->path);
	if (folder && S_ISDIR(st.st_mode))
		return extracttarget_descend(target, extracttarget_check_entry, from, to, name,
		    path, err);
	if (folder != (S_ISDIR(st.st_mode) != 0))
		return error_set(err, ERROR_CONFLICT,
		    "'%s' is a %s in the results, and %s in '%s': nothing was replaced; choose another folder with -o",
		    path, folder ? "folder" : "file",
		    S_ISDIR(st.st_mode)       ? "a folder"
			: S_ISLNK(st.st_mode) ? "a symbolic link"
					      : "a file",
		    target->path);
	return target->force || extracttarget_is_there(target, path, err);
}

bool
extracttarget_check_file(const struct extracttarget *target, const char *name, struct error *err)
{
	struct stat st;

	if (target->force || !target->exists ||
	    fstatat(target->at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	return extracttarget_is_there(target, name, err);
}

static bool
extracttarget_move_entry(const struct extracttarget *target, int from, int to, const char *name,
    const char *path, struct error *err)
{
	if (tree_is_folder(from, name) && tree_is_folder(to, name))
		return extracttarget_descend(target, extracttarget_move_entry, from, to, name, path,
		    err);
	return renameat(from, name, to, name) == 0 ||
	    error_errno(err, "move '%s' to '%s'", path, target->path);
}

/* Makes the folders above a target that did not exist, and gives the hidden folder its name. */
static bool
extracttarget_rename(struct extracttarget *target, struct error *err)
{
	cleanup_close int at = dup(target->at);
	char *rest = target->rest, *part, *last = NULL;

	while (at >= 0 && (part = strsep(&rest, "/")) != NULL) {
		int below;

		if (part[0] == '\0' || strcmp(part, ".") == 0)
			continue;
		if (last == NULL) {
			last = part;
			continue;
		}
		if (mkdirat(at, last, 0777) < 0 && errno != EEXIST)
			break;
		below = openat(at, last, FOLDER_FLAGS);
		(void)close(at);
		at = below;
		last = part;
	}
	if (at < 0 || part != NULL || last == NULL)
		return error_errno(err, "make the folders above '%s'", target->path);
	if (renameat2(target->at, target->hidden, at, last, RENAME_NOREPLACE) == 0 ||
	    (errno == EINVAL && /* the filesystem does not know the flag */
		renameat(target->at, target->hidden, at, last) == 0))
		return true;
	if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)
		return error_set(err, ERROR_CONFLICT,
		    "'%s' was made by another program meanwhile: choose another folder with -o",
		    target->path);
	return error_errno(err, "make the folder '%s'", target->path);
}

bool
extracttarget_finish(struct extracttarget *target, struct error *err)
{
	if (!target->exists ? !extracttarget_rename(target, err)
			    : !extracttarget_each(target, extracttarget_check_entry, target->folder,
				  target->at, "", err) ||
		    !extracttarget_each(target, extracttarget_move_entry, target->folder,
			target->at, "", err))
		return false;
	if (!target->exists) {
		(void)close(take_fd(&target->folder));
		free(take_pointer(&target->hidden));
	}
	return true;
}

void
extracttarget_close(struct extracttarget *target)
{
	struct error ignored;

	if (target->folder >= 0) {
		(void)tree_remove(target->at, target->hidden, &ignored);
		(void)close(target->folder);
	}
	if (target->at >= 0)
		(void)close(target->at);
	free(target->hidden);
	free(target->rest);
	*target = (struct extracttarget){ .at = -1, .folder = -1 };
}
