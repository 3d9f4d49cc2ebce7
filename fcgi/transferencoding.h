#ifndef KABUTO_TRANSFERENCODING_H
#define KABUTO_TRANSFERENCODING_H
/*
 * Decodes the Content-Transfer-Encoding of a part (RFC 2045, section 6) as a stream. Mail programs
 * need one; RFC 7578, section 4.7, advises against it in forms, but some clients still send it.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

enum transferencoding {
	TRANSFERENCODING_NONE, /* 7bit, 8bit and binary: the bytes stay as they are */
	TRANSFERENCODING_BASE64,
	TRANSFERENCODING_QUOTED_PRINTABLE
};

struct transferdecoder {
	enum transferencoding encoding;
	char held[4]; /* characters of a group that is not complete yet */
	size_t count; /* of them */
	bool padded;  /* of base64: the last group came */
};

/* Receives decoded bytes, at least one. */
typedef bool transferencoding_take(void *context, const char *data, size_t length,
    struct error *err);

/* Reads the value of the header. ERROR_INPUT: the encoding is unknown. */
bool transferencoding_read(const char *value, enum transferencoding *encoding, struct error *err);

/*
 * Decodes the next bytes and passes them to take. The first call needs a decoder of zeros with its
 * encoding set. ERROR_INPUT: the bytes are malformed.
 */
bool transferencoding_feed(struct transferdecoder *decoder, const char *data, size_t length,
    transferencoding_take *take, void *context, struct error *err);

/* Must be called at the end, if no earlier call failed. ERROR_INPUT: the end is missing. */
bool transferencoding_end(struct transferdecoder *decoder, transferencoding_take *take,
    void *context, struct error *err);

#endif
