/*
 * Unpacks a file with libarchive, which reads the zip as a stream from the file's header on. It
 * does not read the zip's directory, so the cost does not depend on the number of files. It does
 * not see the name either: it would take "a\" for a folder and unpack nothing.
 */
#include "unzip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

#define BLOCK        (128 * 1024) /* bytes; more than a local header with the longest name */
#define LOCAL_LENGTH 30           /* bytes of a local header before the name */

/* What libarchive reads. */
struct unzip {
	int fd;
	int64_t at;     /* of the next block */
	ssize_t length; /* of the block; -1: it could not be read */
	bool taken;     /* libarchive has the block */
	char block[BLOCK];
};

static bool
unzip_damaged(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "the results' zip is damaged");
}

static bool
unzip_archive_failed(struct archive *archive, struct error *err)
{
	const char *text = archive_error_string(archive);

	return error_set(err, ERROR_SYSTEM, "read the results' zip: %s",
	    text != NULL ? text : "it is damaged");
}

/* Reads the next block. False: errno is set. */
static bool
unzip_read_block(struct unzip *unzip)
{
	do
		unzip->length = pread(unzip->fd, unzip->block, BLOCK, unzip->at);
	while (unzip->length < 0 && errno == EINTR);
	if (unzip->length > 0)
		unzip->at += unzip->length;
	unzip->taken = false;
	return unzip->length >= 0;
}

/* Gives libarchive the block that was read ahead, or the next one. */
static la_ssize_t
unzip_give_block(struct archive *archive, void *context, const void **block)
{
	struct unzip *unzip = context;

	if (unzip->taken && !unzip_read_block(unzip))
		archive_set_error(archive, errno, "%s", strerror(errno));
	unzip->taken = true;
	*block = unzip->block;
	return unzip->length;
}

/* Overwrites the name in the local header with which the block begins. */
static void
unzip_hide_name(struct unzip *unzip)
{
	const unsigned char *low = (const unsigned char *)unzip->block + LOCAL_LENGTH - 4;
	size_t length = (size_t)low[0] | (size_t)low[1] << 8;

	memset(unzip->block + LOCAL_LENGTH, 'x', length);
}

/*
 * Checks that a header begins there: without it libarchive would unpack the next file it finds.
 */
static bool
unzip_begin(struct archive *archive, struct unzip *unzip, struct error *err)
{
	struct archive_entry *entry;

	if (!unzip_read_block(unzip))
		return error_errno(err, "read the results' zip");
	if (unzip->length < LOCAL_LENGTH || memcmp(unzip->block, "PK\003\004", 4) != 0)
		return unzip_damaged(err);
	unzip_hide_name(unzip);
	return (archive_read_support_format_zip_streamable(archive) == ARCHIVE_OK &&
		   archive_read_open(archive, unzip, NULL, unzip_give_block, NULL) == ARCHIVE_OK &&
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
	cleanup_free struct unzip *unzip = malloc(sizeof *unzip);
	struct archive *archive = archive_read_new();
	bool done;

	if (unzip == NULL || archive == NULL) {
		archive_read_free(archive);
		return error_set(err, ERROR_SYSTEM, "read the results' zip: not enough memory");
	}
	unzip->fd = zip;
	unzip->at = offset;
	done = unzip_begin(archive, unzip, err) &&
	    unzip_copy(archive, first, length, take, context, err);
	archive_read_free(archive);
	return done;
}
