#ifndef KABUTO_PIECE_H
#define KABUTO_PIECE_H
/*
 * A part of a response's body that several streams send. Only one thread may use it.
 */
#include <stddef.h>

#include "error.h"
#include "textbuffer.h"

struct piece {
	int references;
	size_t length;
	char *text;
};

/*
 * Makes a piece of the buffer's text, which it takes; the caller has its reference. NULL: no
 * memory, err is set.
 */
struct piece *piece_make(struct textbuffer *buffer, struct error *err);

/* Adds a reference, and returns the piece. */
struct piece *piece_share(struct piece *piece);

/* Gives a reference back; the last one frees the piece. NULL is allowed. */
void piece_drop(struct piece *piece);

#endif
