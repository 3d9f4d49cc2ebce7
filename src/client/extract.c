/*
 * The central directory says what each entry is (zipdirectory.c); the zip is read as a stream from
 * its beginning for the bytes (zipstream.c). Both must agree on each entry. So a zip cannot show
 * one content to the checks and another one to the unpacking, and the memory does not depend on the
 * zip.
 */
#include "extract.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "extracttarget.h"
#include "pathname.h"
#include "progress.h"
#include "quantity.h"
#include "take.h"
#include "utf8.h"
#include "write.h"
#include "zipdirectory.h"
#include "zipstream.h"

#define DEPTH_MOST 250 /* folders in folders */

struct unpacking {
	struct extract *extract;
	struct extracttarget target;
	struct zipdirectory directory;
	struct zipdirectory_entry entry; /* the current one */
	struct zipstream stream;
	int64_t size, done; /* bytes of all files */
	size_t count;
	/* The folder of the last entry, so that its neighbours need not open it again: */
	char *parent; /* its path, with "/" at the end, or "" */
	int parent_fd;
	struct progress progress;
	struct error *err;
};

static bool
extract_refuse(const struct unpacking *unpacking, const char *text)
{
	char shown[256];

	return error_set(unpacking->err, ERROR_INPUT, "the zip has '%s', %s: nothing was unpacked",
	    utf8_show(unpacking->entry.name, shown, sizeof shown), text);
}

static bool
extract_failed(const struct unpacking *unpacking, const char *doing)
{
	char shown[256];

	return error_errno(unpacking->err, "nothing was unpacked: %s '%s'", doing,
	    utf8_show(unpacking->entry.name, shown, sizeof shown));
}

static bool
extract_is_stopped(const struct unpacking *unpacking)
{
	const volatile sig_atomic_t *stop = unpacking->extract->stop;

	return stop != NULL && *stop != 0 &&
	    !error_set(unpacking->err, ERROR_INTERRUPTED, "interrupted");
}

/* Returns how many folders the name has. */
static int
extract_depth(const char *name)
{
	int depth = 0;

	for (; *name != '\0'; name++)
		depth += *name == '/';
	return depth;
}

/* Checks name and kind of the current entry. */
static bool
extract_check_entry(const struct unpacking *unpacking)
{
	const struct zipdirectory_entry *entry = &unpacking->entry;
	mode_t type = entry->mode & S_IFMT;

	if (entry->name[0] == '/')
		return extract_refuse(unpacking, "an absolute name");
	if (extract_depth(entry->name) > DEPTH_MOST)
		return extract_refuse(unpacking, "too many folders in folders");
	if (!pathname_is_below(entry->name))
		return extract_refuse(unpacking, "a name that leads out or has empty parts");
	if (type != 0 && type != S_IFREG && type != S_IFDIR && type != S_IFLNK)
		return extract_refuse(unpacking, "a device or another special file");
	if (entry->folder ? type != 0 && type != S_IFDIR : type == S_IFDIR)
		return extract_refuse(unpacking, "which is a folder and no folder");
	return true;
}

/*
 * Reads the target of the current entry, a symbolic link, and checks that it stays within the
 * results. The caller frees it. NULL: err is set.
 */
static char *
extract_read_link(const struct unpacking *unpacking, int zip)
{
	const struct zipdirectory_entry *entry = &unpacking->entry;
	cleanup_free char *target = NULL;

	if (!entry->stored || entry->packed <= 0 || entry->packed >= PATH_MAX) {
		(void)extract_refuse(unpacking, "a symbolic link without a valid target");
		return NULL;
	}
	target = calloc(1, (size_t)entry->packed + 1);
	if (target == NULL ||
	    pread(zip, target, (size_t)entry->packed, entry->data) != (ssize_t)entry->packed) {
		(void)extract_failed(unpacking, "read the link");
		return NULL;
	}
	if (strlen(target) != (size_t)entry->packed ||
	    !pathname_stays_within(target, extract_depth(entry->name))) {
		(void)extract_refuse(unpacking, "a symbolic link that leads out of the results");
		return NULL;
	}
	return take_pointer(&target);
}

/* Checks that the disk has room: each file takes whole blocks. */
static bool
extract_check_room(const struct unpacking *unpacking, int64_t blocks)
{
	const char *path = unpacking->extract->target;
	char needed[QUANTITY_TEXT], free[QUANTITY_TEXT];
	struct statvfs disk;
	int64_t block;

	if (fstatvfs(unpacking->target.at, &disk) < 0)
		return true; /* the writing will tell */
	block = disk.f_frsize > 0 ? (int64_t)disk.f_frsize : 1;
	if (unpacking->size / block + blocks > (int64_t)disk.f_bavail)
		return error_set(unpacking->err, ERROR_NO_SPACE,
		    "the results need %s unpacked, and the disk of '%s' has %s free: choose a folder on "
		    "another disk with -o, or take the zip with kabuto get --zip FILE",
		    quantity_format_bytes(unpacking->size + blocks * block, needed), path,
		    quantity_format_bytes((int64_t)disk.f_bavail * block, free));
	if (disk.f_files > 0 && unpacking->count > disk.f_favail)
		return error_set(unpacking->err, ERROR_NO_SPACE,
		    "the results are %zu files, and the disk of '%s' has room for %llu more files: choose "
		    "a folder on another disk with -o",
		    unpacking->count, path, (unsigned long long)disk.f_favail);
	return true;
}

/* Reads the whole directory, before anything is unpacked. */
static bool
extract_check_all(struct unpacking *unpacking, int zip)
{
	bool ended = false;

	while (zipdirectory_next(&unpacking->directory, &unpacking->entry, &ended,
		   unpacking->err) &&
	    !ended) {
		if (extract_is_stopped(unpacking) || !extract_check_entry(unpacking))
			return false;
		if (S_ISLNK(unpacking->entry.mode)) {
			cleanup_free char *target = extract_read_link(unpacking, zip);

			if (target == NULL)
				return false;
		}
		if (unpacking->entry.size > INT64_MAX / 2 - unpacking->size)
			return extract_refuse(unpacking, "which is too large");
		unpacking->size += unpacking->entry.size;
		unpacking->count++;
	}
	zipdirectory_rewind(&unpacking->directory);
	return ended && extract_check_room(unpacking, (int64_t)unpacking->count);
}

/* Opens the folder of the current entry, and makes those that are missing. *last: its last part. */
static bool
extract_open_parent(struct unpacking *unpacking, const char **last)
{
	const char *name = unpacking->entry.name;
	const char *slash = strrchr(name, '/');
	size_t length = slash == NULL ? 0 : (size_t)(slash + 1 - name);
	cleanup_close int at = -1;

	*last = name + length;
	if (unpacking->parent_fd >= 0 && strlen(unpacking->parent) == length &&
	    memcmp(unpacking->parent, name, length) == 0)
		return true;
	at = extracttarget_open_parent(&unpacking->target, name);
	if (at < 0 && (errno == ELOOP || errno == ENOTDIR))
		return extract_refuse(unpacking, "which would be written through a link or a file");
	if (at < 0)
		return extract_failed(unpacking, "make the folder of");
	free(unpacking->parent);
	unpacking->parent = strndup(name, length);
	if (unpacking->parent == NULL)
		return error_set(unpacking->err, ERROR_SYSTEM, "not enough memory");
	if (unpacking->parent_fd >= 0)
		(void)close(unpacking->parent_fd);
	unpacking->parent_fd = take_fd(&at);
	return true;
}

static bool
extract_write_content(struct unpacking *unpacking, int fd)
{
	const int64_t size = unpacking->entry.size;
	int64_t written = 0;
	const void *data;
	size_t length;

	do {
		if (extract_is_stopped(unpacking) ||
		    !zipstream_read(&unpacking->stream, &data, &length, unpacking->err))
			return false;
		written += (int64_t)length;
		if (written > size || (length == 0 && written < size))
			return extract_refuse(unpacking, "of another size than its directory says");
		if (length > 0 && !write_whole(fd, data, length))
			return extract_failed(unpacking, "write");
		progress_show(&unpacking->progress, unpacking->done + written, unpacking->size);
	} while (length > 0);
	unpacking->done += written;
	return true;
}

static bool
extract_write_file(struct unpacking *unpacking, const char *last)
{
	const struct zipdirectory_entry *entry = &unpacking->entry;
	/* Whoever unpacks may read and write what they get. Set-user-id and so on are left out. */
	mode_t mode = entry->mode == 0 ? 0666 : (entry->mode & 0777) | 0600;
	cleanup_close int fd = openat(unpacking->parent_fd, last,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0 && errno == EEXIST)
		return extract_refuse(unpacking, "twice");
	if (fd < 0)
		return extract_failed(unpacking, "create");
	if (!extract_write_content(unpacking, fd))
		return false;
	if (close(take_fd(&fd)) < 0)
		return extract_failed(unpacking, "write");
	unpacking->extract->files++;
	return true;
}

static bool
extract_write_link(struct unpacking *unpacking, int zip, const char *last)
{
	cleanup_free char *target = extract_read_link(unpacking, zip);

	if (target == NULL)
		return false;
	if (symlinkat(target, unpacking->parent_fd, last) < 0)
		return errno == EEXIST ? extract_refuse(unpacking, "twice")
				       : extract_failed(unpacking, "make the link");
	unpacking->extract->files++;
	return true;
}

static bool
extract_write_folder(struct unpacking *unpacking, const char *last)
{
	mode_t mode = unpacking->entry.mode == 0 ? 0777 : (unpacking->entry.mode & 0777) | 0700;
	struct stat st;

	if (mkdirat(unpacking->parent_fd, last, mode) == 0)
		return true;
	if (errno == EEXIST && fstatat(unpacking->parent_fd, last, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISDIR(st.st_mode) || extract_refuse(unpacking, "twice");
	return extract_failed(unpacking, "make the folder");
}

static bool
extract_write_all(struct unpacking *unpacking, int zip)
{
	bool ended = false;
	const char *last;

	while (zipdirectory_next(&unpacking->directory, &unpacking->entry, &ended,
		   unpacking->err) &&
	    !ended) {
		if (!extract_check_entry(unpacking) ||
		    !zipstream_next(&unpacking->stream, unpacking->entry.offset, unpacking->err) ||
		    !extract_open_parent(unpacking, &last))
			return false;
		if (unpacking->entry.folder              ? !extract_write_folder(unpacking, last)
			: S_ISLNK(unpacking->entry.mode) ? !extract_write_link(unpacking, zip, last)
							 : !extract_write_file(unpacking, last))
			return false;
	}
	/* No entry may be hidden behind those of the directory. */
	return ended && zipstream_finish(&unpacking->stream, unpacking->err);
}

bool
extract_check_target(const struct extract *extract, struct error *err)
{
	struct extracttarget target = {
		.path = extract->target, .force = extract->force, .add = extract->add
	};
	bool usable = extracttarget_open(&target, err);

	extracttarget_close(&target);
	return usable;
}

bool
extract_zip(struct extract *extract, int zip, struct error *err)
{
	struct unpacking *unpacking = calloc(1, sizeof *unpacking);
	bool done;

	if (unpacking == NULL)
		return error_set(err, ERROR_SYSTEM, "unpack the results: not enough memory");
	unpacking->extract = extract;
	unpacking->parent_fd = -1;
	unpacking->err = err;
	extract->files = 0;
	unpacking->target.path = extract->target;
	unpacking->target.force = extract->force;
	done = extracttarget_open(&unpacking->target, err) &&
	    zipdirectory_open(&unpacking->directory, zip, err) &&
	    extract_check_all(unpacking, zip) && extracttarget_begin(&unpacking->target, err) &&
	    zipstream_open(&unpacking->stream, zip, err);
	progress_begin(&unpacking->progress, "unpacking", extract->quiet);
	done = done && extract_write_all(unpacking, zip) &&
	    extracttarget_finish(&unpacking->target, err);
	progress_end(&unpacking->progress);
	extract->size = unpacking->done;
	if (unpacking->parent_fd >= 0)
		(void)close(unpacking->parent_fd);
	zipstream_close(&unpacking->stream);
	zipdirectory_close(&unpacking->directory);
	extracttarget_close(&unpacking->target);
	free(unpacking->parent);
	free(unpacking);
	return done;
}
