/*
 * Packs contexts with libarchive: one entry of the folder after the other, as the engine reads.
 */
#include "engine_context.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "take.h"

#define BLOCK 65536

static la_ssize_t
engine_context_write(struct archive *archive, void *context, const void *data, size_t length)
{
	struct engine_context *tar = context;

	(void)archive;
	if (tar->pending_length + length > tar->pending_room) {
		size_t room = tar->pending_length + length + BLOCK;
		char *pending = realloc(tar->pending, room);

		if (pending == NULL)
			return -1;
		tar->pending = pending;
		tar->pending_room = room;
	}
	memcpy(tar->pending + tar->pending_length, data, length);
	tar->pending_length += length;
	return (la_ssize_t)length;
}

bool
engine_context_open(struct engine_context *tar, const char *root,
    const struct engine_content *content, const atomic_bool *stop, struct error *err)
{
	*tar = (struct engine_context){ .root = root,
		.content = content,
		.stop = stop,
		.disk = archive_read_disk_new(),
		.out = archive_write_new(),
		.entry = archive_entry_new() };
	if (tar->disk == NULL || tar->out == NULL || tar->entry == NULL)
		return error_set(err, ERROR_SYSTEM, "pack the context: not enough memory");
	archive_read_disk_set_symlink_physical(tar->disk);
	archive_read_disk_set_behavior(tar->disk,
	    ARCHIVE_READDISK_NO_XATTR | ARCHIVE_READDISK_NO_ACL | ARCHIVE_READDISK_NO_FFLAGS);
	archive_write_set_format_pax_restricted(tar->out);
	archive_write_set_bytes_in_last_block(tar->out, 1);
	if (archive_read_disk_open(tar->disk, root) != ARCHIVE_OK)
		return error_set(err, ERROR_SYSTEM, "pack the context: %s",
		    archive_error_string(tar->disk));
	if (archive_write_open(tar->out, tar, NULL, engine_context_write, NULL) != ARCHIVE_OK)
		return error_set(err, ERROR_SYSTEM, "pack the context: %s",
		    archive_error_string(tar->out));
	return true;
}

void
engine_context_close(struct engine_context *tar)
{
	if (tar->out != NULL)
		archive_write_free(tar->out);
	if (tar->disk != NULL)
		archive_read_free(tar->disk);
	archive_entry_free(tar->entry);
	free(tar->pending);
	free(tar->outward);
}

static bool
engine_context_fail(struct engine_context *tar, struct archive *archive)
{
	snprintf(tar->error, sizeof tar->error, "%s", archive_error_string(archive));
	return false;
}

/* Whether the name is a repository's history, which is not part of a build's context. */
static bool
engine_context_is_history(const char *name)
{
	return strcmp(name, ".git") == 0 || strcmp(name, ".hg") == 0;
}

/*
 * Whether the relative link `name` leads out of the context: target has more ".." than name has
 * folders. target NULL: the link could not be read.
 */
static bool
engine_context_leads_out(const char *name, const char *target)
{
	int depth = 0;

	if (target == NULL || target[0] == '/')
		return false;
	for (; *name != '\0'; name++)
		depth += *name == '/';
	while (*target != '\0') {
		size_t length = strcspn(target, "/");

		if (length == 2 && strncmp(target, "..", 2) == 0) {
			if (--depth < 0)
				return true;
		} else if (length > 0 && !(length == 1 && target[0] == '.')) {
			depth++;
		}
		target += length + (target[length] == '/');
	}
	return false;
}

/*
 * Gives the entry root as its owner, and the mode that Git and Docker's client give: a folder and
 * an executable file 0755, another file 0644. The modes on disk follow our umask, and a program
 * that is not root could not read its files.
 */
static void
engine_context_own(struct archive_entry *entry)
{
	bool file = archive_entry_filetype(entry) == AE_IFREG;

	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	archive_entry_set_uname(entry, "root");
	archive_entry_set_gname(entry, "root");
	if (archive_entry_filetype(entry) != AE_IFLNK)
		archive_entry_set_perm(entry,
		    file && (archive_entry_perm(entry) & S_IXUSR) == 0 ? 0644 : 0755);
}

/* Writes the file Dockerfile with another content. */
static bool
engine_context_dockerfile(struct engine_context *tar)
{
	const char *text = tar->content->dockerfile;
	size_t length = strlen(text);
	mode_t mode = archive_entry_perm(tar->entry);

	archive_entry_clear(tar->entry);
	archive_entry_set_pathname(tar->entry, "Dockerfile");
	archive_entry_set_filetype(tar->entry, AE_IFREG);
	archive_entry_set_perm(tar->entry, mode);
	engine_context_own(tar->entry);
	archive_entry_set_size(tar->entry, (la_int64_t)length);
	tar->left = 0;
	return (archive_write_header(tar->out, tar->entry) >= ARCHIVE_WARN &&
		   archive_write_data(tar->out, text, length) == (la_ssize_t)length) ||
	    engine_context_fail(tar, tar->out);
}

/*
 * Writes the context's folder itself. It comes first: BuildKit looks only at the first 1,024 bytes
 * of a context, and takes it for a Dockerfile if these are no tar (dockerui, isArchive). A name
 * that is not ASCII begins with a longer header.
 */
static bool
engine_context_root(struct engine_context *tar)
{
	archive_entry_clear(tar->entry);
	archive_entry_set_pathname(tar->entry, "./");
	archive_entry_set_filetype(tar->entry, AE_IFDIR);
	engine_context_own(tar->entry);
	return archive_write_header(tar->out, tar->entry) >= ARCHIVE_WARN ||
	    engine_context_fail(tar, tar->out);
}

static bool
engine_context_next_entry(struct engine_context *tar)
{
	size_t root = strlen(tar->root);
	const char *name;
	int result;
	bool out;

	archive_entry_clear(tar->entry);
	result = archive_read_next_header2(tar->disk, tar->entry);
	if (result == ARCHIVE_EOF) {
		tar->closed = true;
		return archive_write_close(tar->out) == ARCHIVE_OK ||
		    engine_context_fail(tar, tar->out);
	}
	if (result < ARCHIVE_WARN)
		return engine_context_fail(tar, tar->disk);
	name = archive_entry_pathname(tar->entry) + root;
	name += *name == '/';
	if (engine_context_is_history(name))
		return true;
	out = *name != '\0' && tar->content->leaves_out != NULL &&
	    tar->content->leaves_out(tar->content->leaves_out_context, name);
	if (!out || tar->content->exceptions)
		(void)archive_read_disk_descend(tar->disk); /* fails for a file, which is fine */
	if (out)
		return true;
	if (*name == '\0')
		return engine_context_root(tar);
	if (tar->content->dockerfile != NULL && strcmp(name, "Dockerfile") == 0)
		return engine_context_dockerfile(tar);
	{
		cleanup_free char *copy = strdup(name);

		if (copy == NULL) {
			snprintf(tar->error, sizeof tar->error, "not enough memory");
			return false;
		}
		archive_entry_copy_pathname(tar->entry, copy);
		if (archive_entry_filetype(tar->entry) == AE_IFLNK && tar->outward == NULL &&
		    engine_context_leads_out(copy, archive_entry_symlink(tar->entry)))
			tar->outward = take_pointer(&copy);
	}
	engine_context_own(tar->entry);
	tar->left =
	    archive_entry_filetype(tar->entry) == AE_IFREG ? archive_entry_size(tar->entry) : 0;
	return archive_write_header(tar->out, tar->entry) >= ARCHIVE_WARN ||
	    engine_context_fail(tar, tar->out);
}

/*
 * Writes the next block. libarchive gives blocks with offsets, because a file may have holes; a tar
 * has zeros instead.
 */
static bool
engine_context_next_block(struct engine_context *tar)
{
	static const char zeros[BLOCK];
	int64_t size = archive_entry_size(tar->entry);
	const void *data = NULL;
	la_int64_t offset = size;
	size_t length = 0;
	int result = archive_read_data_block(tar->disk, &data, &length, &offset);

	if (result != ARCHIVE_OK && result != ARCHIVE_EOF)
		return engine_context_fail(tar, tar->disk);
	if (result == ARCHIVE_EOF)
		offset = size;
	while (size - tar->left < offset) {
		int64_t hole = offset - (size - tar->left);
		size_t piece = hole < BLOCK ? (size_t)hole : BLOCK;

		if (archive_write_data(tar->out, zeros, piece) < 0)
			return engine_context_fail(tar, tar->out);
		tar->left -= (int64_t)piece;
	}
	if (length > 0 && archive_write_data(tar->out, data, length) < 0)
		return engine_context_fail(tar, tar->out);
	tar->left -= (int64_t)length;
	return true;
}

ssize_t
engine_context_read(struct engine_context *tar, char *to, size_t size)
{
	size_t length;

	if (tar->pending_taken == tar->pending_length)
		tar->pending_taken = tar->pending_length = 0;
	while (tar->pending_length == 0 && !tar->closed)
		if (*tar->stop ||
		    (tar->left > 0 ? !engine_context_next_block(tar)
				   : !engine_context_next_entry(tar)))
			return -1;
	length = tar->pending_length - tar->pending_taken;
	if (length > size)
		length = size;
	memcpy(to, tar->pending + tar->pending_taken, length);
	tar->pending_taken += length;
	return (ssize_t)length;
}
