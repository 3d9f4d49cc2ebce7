#ifndef KABUTO_TEXTBUFFER_H
#define KABUTO_TEXTBUFFER_H
/*
 * A text in memory that grows as its pieces come. The caller limits its size.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct textbuffer {
	char *text; /* with a NUL after its length bytes; NULL: nothing came yet */
	size_t length;
};

/* Adds bytes at the end. ERROR_SYSTEM: not enough memory. */
bool textbuffer_add(struct textbuffer *buffer, const char *data, size_t length, struct error *err);

void textbuffer_clear(struct textbuffer *buffer);

#endif
