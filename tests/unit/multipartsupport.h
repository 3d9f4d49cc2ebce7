#ifndef KABUTO_TESTS_MULTIPARTSUPPORT_H
#define KABUTO_TESTS_MULTIPARTSUPPORT_H
/*
 * What tests of multipart/form-data share: parsing a body in pieces, and its parts as a text.
 */
#include "support.h"

#include "fcgi/multipart.h"

#define BYTES(text) text, sizeof(text) - 1
#define TYPE        "multipart/form-data; boundary=B"

/* What the parser handed on, as text: "name|filename|data;" for each part. */
struct heard {
	char *text;
	size_t length, room;
	bool refuse; /* the sink does */
	int open;    /* parts begun and not ended */
};

static inline void
hear(struct heard *heard, const char *data, size_t length)
{
	if (heard->length + length + 1 > heard->room) {
		heard->room = 2 * (heard->length + length + 1);
		heard->text = realloc(heard->text, heard->room);
		assert_non_null(heard->text);
	}
	memcpy(heard->text + heard->length, data, length);
	heard->length += length;
	heard->text[heard->length] = '\0';
}

static inline bool
part_begin(void *context, const struct multipart_part *part, struct error *err)
{
	struct heard *heard = context;

	assert_int_equal(heard->open++, 0);
	if (heard->refuse)
		return error_set(err, ERROR_TOO_LARGE, "refused");
	hear(heard, part->name, strlen(part->name));
	hear(heard, "|", 1);
	if (part->filename != NULL)
		hear(heard, part->filename, strlen(part->filename));
	else
		hear(heard, "-", 1);
	hear(heard, "|", 1);
	return true;
}

static inline bool
part_data(void *context, const char *data, size_t length, struct error *err)
{
	struct heard *heard = context;

	(void)err;
	assert_int_equal(heard->open, 1);
	assert_true(length > 0);
	hear(heard, data, length);
	return true;
}

static inline bool
part_end(void *context, struct error *err)
{
	struct heard *heard = context;

	(void)err;
	assert_int_equal(heard->open--, 1);
	hear(heard, ";", 1);
	return true;
}

/* Parses a body in pieces: the first of first bytes, the rest of each bytes. */
static inline bool
parse_pieces(struct heard *heard, const char *type, const char *body, size_t length, size_t first,
    size_t each, struct error *err)
{
	const struct multipart_sink sink = { part_begin, part_data, part_end, heard };
	struct multipart mp;
	bool done = multipart_begin(&mp, type, &sink, err);

	heard->open = 0;
	heard->length = 0;
	hear(heard, "", 0);
	if (!done)
		return false;
	for (size_t at = 0, size = first; done && at < length; at += size, size = each) {
		/* A piece of its own, so that a sanitizer sees who reads beyond it. */
		cleanup_free char *piece = NULL;

		if (size > length - at)
			size = length - at;
		piece = malloc(size + (size == 0));
		memcpy(piece, body + at, size);
		done = multipart_feed(&mp, piece, size, err);
	}
	done = done && multipart_end(&mp, err);
	multipart_clear(&mp);
	multipart_clear(&mp);
	return done;
}

static inline bool
parse(struct heard *heard, const char *type, const char *body, size_t length, struct error *err)
{
	return parse_pieces(heard, type, body, length, length, 1, err);
}

#define HEAD(name)       "Content-Disposition: form-data; name=\"" name "\"\r\n"
#define ENCODING(name)   "Content-Transfer-Encoding: " name "\r\n"
#define MIXED            "Content-Type: multipart/mixed; boundary=C\r\n"
#define ATTACHMENT(name) "Content-Disposition: attachment; filename=\"" name "\"\r\n"

#endif
