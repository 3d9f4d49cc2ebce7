/*
 * Texts that grow.
 */
#include "textbuffer.h"

#include <stdlib.h>
#include <string.h>

bool
textbuffer_add(struct textbuffer *buffer, const char *data, size_t length, struct error *err)
{
	char *text = realloc(buffer->text, buffer->length + length + 1);

	if (text == NULL)
		return error_set(err, ERROR_SYSTEM, "not enough memory for a text of %zu bytes",
		    buffer->length + length);
	memcpy(text + buffer->length, data, length);
	buffer->text = text;
	buffer->length += length;
	buffer->text[buffer->length] = '\0';
	return true;
}

void
textbuffer_clear(struct textbuffer *buffer)
{
	free(buffer->text);
	*buffer = (struct textbuffer){ 0 };
}
