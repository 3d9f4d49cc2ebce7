/*
 * Unpacks a file with libarchive, which reads the zip as a stream from the file's header on. It
 * does not read the zip's directory, so the cost does not depend on the number of files.
 */
#include "unzip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BLOCK (64 * 1024)

static bool
unzip_damaged(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "the results' zip is damaged");
}

static bool
unzip_archive_failed(struct archive *archive, struct error *err)
{
	const char *text = archive == NULL ? "not enough memory" : archive_error_string(archive);

	return error_set(err, ERROR_SYSTEM, "read the results' zip: %s",
	    text != NULL ? text : "it is damaged");
}

/*
 * Checks that a header begins at offset: without it libarchive would unpack the next file it finds.
 */
static bool
unzip_begin(struct archive *archive, int zip, int64_t offset, struct error *err)
{
	struct archive_entry *entry;
	char mark[4];
	ssize_t length;

	while ((length = pread(zip, mark, sizeof mark, offset)) < 0 && errno == EINTR)
		continue;
	if (length < 0 || lseek(zip, offset, SEEK_SET) < 0)
		return error_errno(err, "read the results' zip");
	if (length < (ssize_t)sizeof mark || memcmp(mark, "PK\003\004", sizeof mark) != 0)
		return unzip_damaged(err);
	/* Warnings here concern only the name, which is not used. */
	return (archive_read_support_format_zip_streamable(archive) == ARCHIVE_OK &&
		   archive_read_open_fd(archive, zip, BLOCK) == ARCHIVE_OK &&
		   archive_read_next_header(archive, &entry) >= ARCHIVE_WARN) ||
	    unzip_archive_failed(archive, err);
}

static bool
unzip_copy(struct archive *archive, int64_t first, int64_t length, unzip_take *take, void *context,
    struct error *err)
{
	const int64_t end = first + length;
	int64_t at = 0;

	while (at < end) {
		const void *data;
		size_t size;
		la_int64_t place;
		int result = archive_read_data_block(archive, &data, &size, &place);
		int64_t from, to;

		if (result == ARCHIVE_EOF)
			return unzip_damaged(err);
		if (result != ARCHIVE_OK) /* also warnings: a size or checksum is wrong */
			return unzip_archive_failed(archive, err);
		from = at < first ? first - at : 0;
		to = end - at < (int64_t)size ? end - at : (int64_t)size;
		at += (int64_t)size;
		if (from < to && !take(context, (const char *)data + from, (size_t)(to - from)))
			return true;
	}
	return true;
}

bool
unzip_entry(int zip, int64_t offset, int64_t first, int64_t length, unzip_take *take, void *context,
    struct error *err)
{
	struct archive *archive = archive_read_new();
	bool done = archive != NULL ? unzip_begin(archive, zip, offset, err) &&
		unzip_copy(archive, first, length, take, context, err)
				    : unzip_archive_failed(archive, err);

	archive_read_free(archive);
	return done;
}
