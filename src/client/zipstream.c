/*
 * libarchive gets the file block by block. In each block the names in local headers are
 * overwritten.
 */
#include "zipstream.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK        (64 * 1024)
#define LOCAL_LENGTH 30 /* bytes of a local header before the name */

static bool
zipstream_failed(const struct zipstream *stream, struct error *err)
{
	const char *why = archive_error_string(stream->archive);

	if (stream->error.kind != ERROR_NONE) {
		*err = stream->error;
		return false;
	}
	return error_set(err, ERROR_INPUT, "the zip is damaged (%s): nothing was unpacked",
	    why != NULL ? why : "its directory does not fit its content");
}

/* Overwrites the names that lie in the block, of `length` bytes. */
static bool
zipstream_hide_names(struct zipstream *stream, int64_t length)
{
	const int64_t end = stream->at + length;

	while (!stream->ended) {
		const struct zipdirectory_entry *entry = stream->entry;
		int64_t from = entry->offset + LOCAL_LENGTH;
		int64_t to = from + (int64_t)strlen(entry->name) + entry->folder;

		if (from < stream->at)
			from = stream->at;
		if (from < to && from < end)
			memset(stream->block + (from - stream->at), 'x',
			    (size_t)((to < end ? to : end) - from));
		if (to > end) /* the rest is in the next block */
			return true;
		if (!zipdirectory_next(&stream->names, stream->entry, &stream->ended,
			&stream->error))
			return false;
	}
	return true;
}

/* Reads a block for libarchive. */
static la_ssize_t
zipstream_read_block(struct archive *archive, void *context, const void **block)
{
	struct zipstream *stream = context;
	ssize_t length;

	do
		length = pread(stream->names.fd, stream->block, BLOCK, stream->at);
	while (length < 0 && errno == EINTR);
	if (length < 0) {
		archive_set_error(archive, errno, "it cannot be read");
		error_errno(&stream->error, "read the zip");
		return -1;
	}
	if (!zipstream_hide_names(stream, length)) {
		archive_set_error(archive, EINVAL, "its directory is wrong");
		return -1;
	}
	stream->at += length;
	*block = stream->block;
	return length;
}

bool
zipstream_open(struct zipstream *stream, int fd, struct error *err)
{
	*stream = (struct zipstream){ .block = malloc(BLOCK),
		.entry = malloc(sizeof *stream->entry),
		.archive = archive_read_new() };
	if (stream->block == NULL || stream->entry == NULL || stream->archive == NULL)
		return error_set(err, ERROR_SYSTEM, "read the zip: not enough memory");
	if (!zipdirectory_open(&stream->names, fd, err) ||
	    !zipdirectory_next(&stream->names, stream->entry, &stream->ended, err))
		return false;
	if (stream->ended) /* an empty zip: libarchive would not know it */
		return true;
	return (archive_read_support_format_zip_streamable(stream->archive) == ARCHIVE_OK &&
		   archive_read_open(stream->archive, stream, NULL, zipstream_read_block, NULL) ==
		       ARCHIVE_OK) ||
	    zipstream_failed(stream, err);
}

bool
zipstream_next(struct zipstream *stream, int64_t offset, struct error *err)
{
	struct archive_entry *entry;
	int result = archive_read_next_header(stream->archive, &entry);

	return (result >= ARCHIVE_WARN && result != ARCHIVE_EOF &&
		   archive_read_header_position(stream->archive) == offset) ||
	    zipstream_failed(stream, err);
}

bool
zipstream_read(struct zipstream *stream, const void **data, size_t *length, struct error *err)
{
	la_int64_t place;
	int result = archive_read_data_block(stream->archive, data, length, &place);

	if (result == ARCHIVE_EOF)
		*length = 0;
	/* Also a warning is an error: a size or a checksum is wrong. */
	return result == ARCHIVE_OK || result == ARCHIVE_EOF || zipstream_failed(stream, err);
}

bool
zipstream_finish(struct zipstream *stream, struct error *err)
{
	struct archive_entry *entry;

	return stream->names.count == 0 ||
	    archive_read_next_header(stream->archive, &entry) == ARCHIVE_EOF ||
	    zipstream_failed(stream, err);
}

void
zipstream_close(struct zipstream *stream)
{
	archive_read_free(stream->archive);
	zipdirectory_close(&stream->names);
	free(stream->block);
	free(stream->entry);
	*stream = (struct zipstream){ 0 };
}
