#ifndef KABUTO_MULTIPART_H
#define KABUTO_MULTIPART_H
/*
 * multipart/form-data (RFC 7578), parsed as it streams by: a part's bytes are handed on as they
 * come, and nothing but a part's head is ever held.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define MULTIPART_BOUNDARY_MOST 70         /* characters (RFC 2046, section 5.1.1) */
#define MULTIPART_HEAD_MOST     (8 * 1024) /* bytes of one part's headers */
#define MULTIPART_WINDOW        (64 * 1024)

struct multipart_part {
	char *name;     /* of the field; may be empty */
	char *filename; /* NULL: none was sent, so that it is a text */
};

/*
 * What a part is handed to; false, with err set, ends the parsing. The part's strings last until
 * its end.
 */
struct multipart_sink {
	bool (*part_begin)(void *context, const struct multipart_part *part, struct error *err);
	bool (*part_data)(void *context, const char *data, size_t length, struct error *err);
	bool (*part_end)(void *context, struct error *err);
	void *context;
};

struct multipart {
	struct multipart_sink sink;
	enum {
		MULTIPART_PREAMBLE,
		MULTIPART_DELIMITED,
		MULTIPART_HEAD,
		MULTIPART_BODY,
		MULTIPART_EPILOGUE
	} state;
	char delimiter[MULTIPART_BOUNDARY_MOST + 5]; /* CRLF "--" boundary */
	size_t delimiter_length;
	char *window;
	size_t held; /* bytes in window */
	struct multipart_part part;
};

/* Begins with the Content-Type header's value; ERROR_INPUT where it names no boundary. */
bool multipart_begin(struct multipart *mp, const char *content_type,
    const struct multipart_sink *sink, struct error *err);
void multipart_clear(struct multipart *mp);

/* Takes the next bytes of the body. */
bool multipart_feed(struct multipart *mp, const char *data, size_t length, struct error *err);

/* The body is over: ERROR_INPUT where the last boundary has not come. */
bool multipart_end(struct multipart *mp, struct error *err);

#endif
