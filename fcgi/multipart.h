#ifndef KABUTO_MULTIPART_H
#define KABUTO_MULTIPART_H
/*
 * Parses multipart/form-data (RFC 7578) as a stream. It passes a part's bytes on as they come,
 * decoded by their Content-Transfer-Encoding, and holds only a part's headers whole. A part of the
 * type multipart/mixed (RFC 2388, section 4.2; "curl -F name=@a,b") contains several files of one
 * field: they are passed on like files of their own.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "transferencoding.h"

#define MULTIPART_BOUNDARY_MOST 70         /* characters (RFC 2046, section 5.1.1) */
#define MULTIPART_HEAD_MOST     (8 * 1024) /* bytes of one part's headers */
#define MULTIPART_WINDOW        (64 * 1024)

struct multipart_part {
	char *name;     /* of the field; may be empty */
	char *filename; /* NULL: none was sent, the part is a text */
};

/*
 * The functions that receive a part. If one returns false, with err set, parsing ends. The part's
 * strings are valid until part_end returns.
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
	struct transferdecoder decoder; /* of the part */
	struct multipart *inner;        /* parses a part of the type multipart/mixed; NULL: none */
	const char *field;              /* of an inner one: the name of the part around it */
};

/* Begins with the Content-Type header's value. ERROR_INPUT: it has no boundary. */
bool multipart_begin(struct multipart *mp, const char *content_type,
    const struct multipart_sink *sink, struct error *err);
void multipart_clear(struct multipart *mp);

/* Parses the next bytes of the body. ERROR_INPUT: they are malformed. */
bool multipart_feed(struct multipart *mp, const char *data, size_t length, struct error *err);

/* Must be called at the end of the body. ERROR_INPUT: the last boundary is missing. */
bool multipart_end(struct multipart *mp, struct error *err);

#endif
