/*
 * Entries are stored or deflated; their sizes stand behind them, and are not needed here.
 */
#include "unzip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "cleanup.h"

#define HEADER 30 /* bytes of a local header without name and extra field */
#define BLOCK  65536

enum { STORED = 0, DEFLATED = 8 };

struct unzip {
	int zip;
	int64_t at;   /* what is read next */
	int64_t skip; /* bytes of the file that are still to be dropped */
	int64_t left; /* bytes that are still to be handed on */
	unzip_take *take;
	void *context;
	unsigned char in[BLOCK], out[BLOCK];
};

static bool
damaged(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "the results' zip is damaged");
}

static unsigned
two_bytes(const unsigned char *at)
{
	return at[0] | (unsigned)at[1] << 8;
}

/* The next bytes of the zip: how many, or -1 with err set. */
static ssize_t
read_on(struct unzip *unzip, size_t most, struct error *err)
{
	ssize_t length;

	while ((length = pread(unzip->zip, unzip->in, most, unzip->at)) < 0 && errno == EINTR)
		continue;
	if (length < 0)
		error_errno(err, "read the results' zip");
	else
		unzip->at += length;
	return length;
}

/* What comes of the file: less of it once enough was dropped, nothing more once all was taken. */
static bool
hand_on(struct unzip *unzip, const unsigned char *data, size_t length)
{
	size_t dropped = unzip->skip < (int64_t)length ? (size_t)unzip->skip : length;

	unzip->skip -= (int64_t)dropped;
	data += dropped;
	length -= dropped;
	if ((int64_t)length > unzip->left)
		length = (size_t)unzip->left;
	unzip->left -= (int64_t)length;
	return length == 0 || unzip->take(unzip->context, (const char *)data, length);
}

static bool
copy_stored(struct unzip *unzip, struct error *err)
{
	unzip->at += unzip->skip;
	unzip->skip = 0;
	while (unzip->left > 0) {
		ssize_t length = read_on(unzip, BLOCK, err);

		if (length <= 0)
			return length == 0 && damaged(err);
		if (!hand_on(unzip, unzip->in, (size_t)length))
			return true;
	}
	return true;
}

static bool
inflate_on(struct unzip *unzip, z_stream *stream, struct error *err)
{
	int result = Z_OK;

	while (unzip->left > 0) {
		if (stream->avail_in == 0) {
			ssize_t length = read_on(unzip, BLOCK, err);

			if (length < 0)
				return false;
			stream->next_in = unzip->in;
			stream->avail_in = (unsigned)length;
		}
		stream->next_out = unzip->out;
		stream->avail_out = BLOCK;
		result = inflate(stream, Z_NO_FLUSH);
		if (result != Z_OK && result != Z_STREAM_END)
			return damaged(err);
		if (!hand_on(unzip, unzip->out, BLOCK - stream->avail_out))
			return true;
		if (result == Z_STREAM_END)
			return unzip->left == 0 || damaged(err);
	}
	return true;
}

static bool
copy_deflated(struct unzip *unzip, struct error *err)
{
	z_stream stream = { 0 };
	bool done;

	if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) /* without zlib's own header */
		return error_set(err, ERROR_SYSTEM, "unpack a file: not enough memory");
	done = inflate_on(unzip, &stream, err);
	inflateEnd(&stream);
	return done;
}

bool
unzip_entry(int zip, int64_t offset, int64_t first, int64_t length, unzip_take *take, void *context,
    struct error *err)
{
	cleanup_free struct unzip *unzip = malloc(sizeof *unzip);
	ssize_t got;

	if (unzip == NULL)
		return error_set(err, ERROR_SYSTEM, "unpack a file: not enough memory");
	unzip->zip = zip;
	unzip->at = offset;
	unzip->skip = first;
	unzip->left = length;
	unzip->take = take;
	unzip->context = context;
	got = read_on(unzip, HEADER, err);
	if (got < 0)
		return false;
	if (got < HEADER || memcmp(unzip->in, "PK\003\004", 4) != 0)
		return damaged(err);
	unzip->at += two_bytes(unzip->in + 26) + two_bytes(unzip->in + 28);
	switch (two_bytes(unzip->in + 8)) {
	case STORED:
		return copy_stored(unzip, err);
	case DEFLATED:
		return copy_deflated(unzip, err);
	default:
		return damaged(err);
	}
}
