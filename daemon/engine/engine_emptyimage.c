/*
 * Imports a tar with one empty folder.
 */
#include "engine_emptyimage.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>

/* A tar with one empty folder, for the import of an image. */
struct empty_tar {
	char bytes[4096];
	size_t length, taken;
};

static bool
engine_emptyimage_tar_make(struct empty_tar *tar)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	bool done = false;

	*tar = (struct empty_tar){ 0 };
	if (archive != NULL && entry != NULL) {
		archive_write_set_format_ustar(archive);
		archive_write_set_bytes_per_block(archive, 0);
		archive_entry_set_pathname(entry, "run");
		archive_entry_set_filetype(entry, AE_IFDIR);
		archive_entry_set_perm(entry, 0755);
		done = archive_write_open_memory(archive, tar->bytes, sizeof tar->bytes,
			   &tar->length) == ARCHIVE_OK &&
		    archive_write_header(archive, entry) == ARCHIVE_OK &&
		    archive_write_close(archive) == ARCHIVE_OK;
	}
	archive_entry_free(entry);
	archive_write_free(archive);
	return done;
}

static ssize_t
engine_emptyimage_tar_read(void *context, char *to, size_t size)
{
	struct empty_tar *tar = context;
	size_t left = tar->length - tar->taken;

	size = size < left ? size : left;
	memcpy(to, tar->bytes + tar->taken, size);
	tar->taken += size;
	return (ssize_t)size;
}

static bool
engine_emptyimage_ignore_messages(void *context, const char *data, size_t length)
{
	(void)context;
	(void)data;
	(void)length;
	return true;
}

bool
engine_emptyimage_create(struct engine *engine, const char *repository, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	struct empty_tar tar;
	const struct engine_stream stream = { engine_emptyimage_tar_read,
		engine_emptyimage_ignore_messages, &tar, "application/x-tar", NULL };
	char path[160];

	if (!engine_emptyimage_tar_make(&tar))
		return error_set(err, ERROR_SYSTEM, "make an image: not enough memory");
	snprintf(path, sizeof path, "/images/create?fromSrc=-&repo=%s&tag=latest", repository);
	if (!engine_stream(engine, "POST", path, &stream, ENGINE_CALL_MS, &answer, err))
		return false;
	return answer.status == 200 || engine_refused(&answer, err, "make the image of sandboxes");
}
