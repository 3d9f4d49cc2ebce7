/*
 * Unpacks a backup without trusting it. It checks each name, creates each file new and without
 * following links, and builds the manifest again from the content.
 */
#include "unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "manifest.h"
#include "take.h"
#include "write.h"

#define BLOCK         65536
#define FOLDER_MODE   02775 /* as for uploads; the four folders keep others out */
#define FOLDER_FLAGS  (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define MANIFEST_MOST ((size_t)1 << 31) /* bytes */

struct unpack {
	struct archive *archive;
	struct archive_entry *entry; /* the current member; owned by archive */
	int to;
	const char *database;
	struct manifest manifest;
	char *theirs; /* the MANIFEST of the backup */
	size_t theirs_length;
	char *block;
	struct error *err;
};

static bool
unpack_failed(struct unpack *unpack)
{
	const char *why = archive_error_string(unpack->archive);

	return error_set(unpack->err, ERROR_INPUT, "it cannot be read: %s",
	    why != NULL ? why : "not an archive");
}

/*
 * Opens the folder below to that contains the last component of name, and creates missing folders.
 * Sets *last to this component. Returns -1 with errno.
 */
static int
unpack_open_parent(struct unpack *unpack, const char *name, const char **last)
{
	cleanup_close int at = openat(unpack->to, ".", FOLDER_FLAGS);
	const char *slash;

	while (at >= 0 && (slash = strchr(name, '/')) != NULL && slash[1] != '\0') {
		cleanup_free char *component = strndup(name, (size_t)(slash - name));
		int below;

		if (component == NULL)
			return -1;
		if (mkdirat(at, component, FOLDER_MODE) == 0)
			(void)fchmodat(at, component, FOLDER_MODE, 0); /* whatever the umask */
		else if (errno != EEXIST)
			return -1;
		below = openat(at, component, FOLDER_FLAGS);
		(void)close(at);
		at = below;
		name = slash + 1;
	}
	*last = name;
	return take_fd(&at);
}

static bool
unpack_make_folder(struct unpack *unpack, const char *name)
{
	const char *last = NULL;
	cleanup_close int parent = -1;
	cleanup_free char *folder = NULL;

	if (unpack->to < 0)
		return true;
	parent = unpack_open_parent(unpack, name, &last);
	folder = parent < 0 ? NULL : strndup(last, strcspn(last, "/"));
	if (folder == NULL || (mkdirat(parent, folder, FOLDER_MODE) < 0 && errno != EEXIST) ||
	    fchmodat(parent, folder, FOLDER_MODE, 0) < 0)
		return error_errno(unpack->err, "make the folder '%s'", name);
	return true;
}

/* Creates the file for a member. Returns -1 with *nowhere set if the member is only checked. */
static int
unpack_open_file(struct unpack *unpack, const char *name, bool *nowhere)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	const char *last = NULL;
	cleanup_close int parent = -1;

	*nowhere = false;
	if (strcmp(name, MANIFEST_DATABASE) == 0)
		return open(unpack->database, flags, 0660);
	*nowhere = unpack->to < 0;
	if (*nowhere)
		return -1;
	parent = unpack_open_parent(unpack, name, &last);
	return parent < 0 ? -1 : openat(parent, last, flags, 0600);
}

/* Sets the file's mode and time as in the archive. The database always gets mode 0660. */
static bool
unpack_finish_file(struct unpack *unpack, int fd, const char *name)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = archive_entry_mtime(unpack->entry),
		    .tv_nsec = archive_entry_mtime_nsec(unpack->entry) } };
	mode_t mode = archive_entry_perm(unpack->entry) & 0777;

	if (strcmp(name, MANIFEST_DATABASE) == 0)
		mode = 0660;
	if (fchmod(fd, mode) < 0 || futimens(fd, times) < 0)
		return error_errno(unpack->err, "write '%s'", name);
	return true;
}

static bool
unpack_take_file(struct unpack *unpack, const char *name)
{
	bool nowhere;
	cleanup_close int fd = unpack_open_file(unpack, name, &nowhere);
	la_ssize_t length;

	if (fd < 0 && !nowhere)
		return error_errno(unpack->err, "create '%s'", name);
	while ((length = archive_read_data(unpack->archive, unpack->block, BLOCK)) > 0) {
		manifest_update(&unpack->manifest, unpack->block, (size_t)length);
		if (fd >= 0 && !write_whole(fd, unpack->block, (size_t)length))
			return error_errno(unpack->err, "write '%s'", name);
	}
	if (length < 0)
		return unpack_failed(unpack);
	return fd < 0 || unpack_finish_file(unpack, fd, name);
}

static bool
unpack_take_manifest(struct unpack *unpack)
{
	int64_t size = archive_entry_size(unpack->entry);
	la_ssize_t length;

	if (size <= 0 || (size_t)size > MANIFEST_MOST)
		return error_set(unpack->err, ERROR_INPUT, "its MANIFEST is empty or too large");
	unpack->theirs = malloc((size_t)size);
	if (unpack->theirs == NULL)
		return error_set(unpack->err, ERROR_SYSTEM, "read the MANIFEST: not enough memory");
	unpack->theirs_length = (size_t)size;
	length = archive_read_data(unpack->archive, unpack->theirs, (size_t)size);
	if (length < 0)
		return unpack_failed(unpack);
	return length == size || error_set(unpack->err, ERROR_INPUT, "its MANIFEST ends early");
}

static bool
unpack_take_member(struct unpack *unpack)
{
	const char *name = archive_entry_pathname(unpack->entry);
	mode_t type = archive_entry_filetype(unpack->entry);
	bool first = unpack->manifest.length == 0, folder = type == AE_IFDIR;
	bool slash = name != NULL && name[0] != '\0' && name[strlen(name) - 1] == '/';

	if (name == NULL)
		return error_set(unpack->err, ERROR_INPUT, "it has a member without a name");
	if (!manifest_name_check(name, unpack->err))
		return false;
	if ((type != AE_IFREG && !folder) || folder != slash ||
	    archive_entry_hardlink(unpack->entry) != NULL)
		return error_set(unpack->err, ERROR_INPUT, "'%s' is neither a file nor a folder",
		    name);
	if (first != (strcmp(name, MANIFEST_DATABASE) == 0))
		return error_set(unpack->err, ERROR_INPUT,
		    "it does not begin with the database, so it is not a backup of Kabuto");
	if (unpack->theirs != NULL)
		return error_set(unpack->err, ERROR_INPUT, "it has members after its MANIFEST");
	if (strcmp(name, MANIFEST_NAME) == 0)
		return unpack_take_manifest(unpack);
	manifest_begin(&unpack->manifest);
	return (folder ? unpack_make_folder(unpack, name) : unpack_take_file(unpack, name)) &&
	    manifest_end(&unpack->manifest, name, unpack->err);
}

static bool
unpack_take_all(struct unpack *unpack, int fd)
{
	int result;

	archive_read_support_format_tar(unpack->archive);
	/* The backup may be compressed. */
	archive_read_support_filter_gzip(unpack->archive);
	archive_read_support_filter_xz(unpack->archive);
	archive_read_support_filter_zstd(unpack->archive);
	if (archive_read_open_fd(unpack->archive, fd, BLOCK) != ARCHIVE_OK)
		return unpack_failed(unpack);
	while ((result = archive_read_next_header(unpack->archive, &unpack->entry)) >=
		ARCHIVE_WARN &&
	    result != ARCHIVE_EOF)
		if (!unpack_take_member(unpack))
			return false;
	if (result != ARCHIVE_EOF)
		return unpack_failed(unpack);
	if (unpack->theirs == NULL)
		return error_set(unpack->err, ERROR_INPUT,
		    "it has no MANIFEST: the backup is incomplete");
	return manifest_check(&unpack->manifest, unpack->theirs, unpack->theirs_length,
	    unpack->err);
}

bool
unpack_backup(int fd, int to, const char *database, struct error *err)
{
	cleanup_free char *block = malloc(BLOCK);
	struct unpack unpack = { .archive = archive_read_new(),
		.to = to,
		.database = database,
		.block = block,
		.err = err };
	bool done = false;

	if (unpack.archive == NULL || block == NULL)
		error_set(err, ERROR_SYSTEM, "read the backup: not enough memory");
	else
		done = unpack_take_all(&unpack, fd);
	manifest_clear(&unpack.manifest);
	free(unpack.theirs);
	archive_read_free(unpack.archive);
	return done;
}
