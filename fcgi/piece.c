/*
 * Texts that are shared, and counted.
 */
#include "piece.h"

#include <stdlib.h>

struct piece *
piece_make(struct textbuffer *buffer, struct error *err)
{
	struct piece *piece = malloc(sizeof *piece);

	if (piece == NULL) {
		error_set(err, ERROR_SYSTEM, "make a part of a stream: not enough memory");
		return NULL;
	}
	*piece = (struct piece){ 1, buffer->length, buffer->text };
	*buffer = (struct textbuffer){ 0 };
	return piece;
}

struct piece *
piece_share(struct piece *piece)
{
	piece->references++;
	return piece;
}

void
piece_drop(struct piece *piece)
{
	if (piece == NULL || --piece->references > 0)
		return;
	free(piece->text);
	free(piece);
}
