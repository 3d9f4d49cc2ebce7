#ifndef KABUTO_PROTOBUF_H
#define KABUTO_PROTOBUF_H
/*
 * Reads messages of protocol buffers (https://protobuf.dev/programming-guides/encoding): a message
 * is a sequence of numbered fields, in any order.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The part of a message that has not been read yet. */
struct protobuf {
	const unsigned char *data;
	size_t length;
};

struct protobuf_field {
	uint64_t number;
	uint64_t integer; /* of an integer or a boolean; 0 for other types */
	struct protobuf
	    content; /* of a text, of bytes or of a message; data NULL for other types */
};

/*
 * Reads the next field. *field points into the message. Returns false at the end of the message and
 * if the rest is malformed; then protobuf->length is 0 only at the end.
 */
bool protobuf_next(struct protobuf *protobuf, struct protobuf_field *field);

#endif
