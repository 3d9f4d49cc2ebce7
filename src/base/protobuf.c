/*
 * A field begins with its key, number * 8 + type. The type says how long the value is.
 */
#include "protobuf.h"

#define KEY_TYPE_BITS 3
#define NUMBER_MOST   ((1 << 29) - 1)

enum { TYPE_VARINT = 0, TYPE_FIXED64 = 1, TYPE_LENGTH = 2, TYPE_FIXED32 = 5 };

/* Reads an integer of 1 to 10 bytes. Each byte has 7 bits, the lowest first. */
static bool
protobuf_take_varint(struct protobuf *protobuf, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 64 && protobuf->length > 0; shift += 7) {
		unsigned char byte = *protobuf->data++;

		protobuf->length--;
		if (shift == 63 && byte > 1)
			return false;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return true;
	}
	return false;
}

static bool
protobuf_take_bytes(struct protobuf *protobuf, uint64_t length, struct protobuf *content)
{
	if (length > protobuf->length)
		return false;
	*content = (struct protobuf){ protobuf->data, (size_t)length };
	protobuf->data += length;
	protobuf->length -= (size_t)length;
	return true;
}

/* Takes the field from the message. False: the message is malformed. */
static bool
protobuf_take_field(struct protobuf *protobuf, struct protobuf_field *field)
{
	struct protobuf fixed;
	uint64_t key, length;

	*field = (struct protobuf_field){ 0 };
	if (!protobuf_take_varint(protobuf, &key))
		return false;
	field->number = key >> KEY_TYPE_BITS;
	if (field->number == 0 || field->number > NUMBER_MOST)
		return false;
	switch (key & ((1 << KEY_TYPE_BITS) - 1)) {
	case TYPE_VARINT:
		return protobuf_take_varint(protobuf, &field->integer);
	case TYPE_FIXED64:
		return protobuf_take_bytes(protobuf, 8, &fixed);
	case TYPE_FIXED32:
		return protobuf_take_bytes(protobuf, 4, &fixed);
	case TYPE_LENGTH:
		return protobuf_take_varint(protobuf, &length) &&
		    protobuf_take_bytes(protobuf, length, &field->content);
	default: /* groups are obsolete */
		return false;
	}
}

bool
protobuf_next(struct protobuf *protobuf, struct protobuf_field *field)
{
	struct protobuf rest = *protobuf;

	if (rest.length == 0 || !protobuf_take_field(&rest, field))
		return false;
	*protobuf = rest;
	return true;
}
