#ifndef KABUTO_FUZZ_H
#define KABUTO_FUZZ_H
/*
 * What the harnesses share. Each defines LLVMFuzzerTestOneInput, as libFuzzer asks for it and
 * AFL++'s driver takes it too; what must hold for every input is asserted there. Choices that a
 * harness makes come from the input as well, so that each finding can be repeated from its file.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

/* The next byte of the input; 0 behind its end. */
static inline uint8_t
input_byte(struct input *input)
{
	if (input->size == 0)
		return 0;
	input->size--;
	return *input->data++;
}

/* The next length bytes, or what is left, in memory of just that size; the caller's to free. */
static inline char *
input_take(struct input *input, size_t *length)
{
	char *copy;

	if (*length > input->size)
		*length = input->size;
	copy = malloc(*length);
	assert(copy != NULL);
	if (*length > 0)
		memcpy(copy, input->data, *length);
	input->data += *length;
	input->size -= *length;
	return copy;
}

/* The same as a text with a NUL behind it. */
static inline char *
input_text(struct input *input, size_t length)
{
	cleanup_free char *bytes = input_take(input, &length);
	char *text = strndup(bytes, length);

	assert(text != NULL);
	return text;
}

/* How something is cut into pieces: the first byte of a harness's input says it. */
struct cuts {
	uint32_t state;
	uint32_t most; /* bytes of a piece */
};

static inline struct cuts
cuts_of(uint8_t seed)
{
	static const uint32_t most[] = { 1, 16, 256, 65536 };

	return (struct cuts){ seed, most[seed % 4] };
}

/* How long the next piece is, of what is left. */
static inline size_t
cuts_next(struct cuts *cuts, size_t left)
{
	size_t length;

	cuts->state = cuts->state * 1664525 + 1013904223; /* Numerical Recipes */
	length = (cuts->state >> 8) % cuts->most + 1;
	return length < left ? length : left;
}

/* Bytes that are gathered, to be compared. */
struct record {
	char *bytes;
	size_t length, room;
};

static inline void
record_add(struct record *record, const void *bytes, size_t length)
{
	if (record->length + length > record->room) {
		record->room = (record->length + length) * 2;
		record->bytes = realloc(record->bytes, record->room);
		assert(record->bytes != NULL);
	}
	if (length > 0)
		memcpy(record->bytes + record->length, bytes, length);
	record->length += length;
}

static inline void
record_add_text(struct record *record, const char *text)
{
	record_add(record, text, strlen(text) + 1);
}

static inline bool
record_same(const struct record *a, const struct record *b)
{
	return a->length == b->length &&
	    (a->length == 0 || memcmp(a->bytes, b->bytes, a->length) == 0);
}

#endif
