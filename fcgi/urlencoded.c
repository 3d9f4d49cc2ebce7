/*
 * Encodes and decodes forms and paths.
 */
#include "urlencoded.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static int
urlencoded_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

size_t
urlencoded_decode(char *text, size_t length, bool plus)
{
	char *to = text;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '%' && i + 2 < length && isxdigit((unsigned char)text[i + 1]) &&
		    isxdigit((unsigned char)text[i + 2])) {
			*to++ = (char)(urlencoded_digit(text[i + 1]) * 16 +
			    urlencoded_digit(text[i + 2]));
			i += 2;
		} else {
			*to++ = plus && text[i] == '+' ? ' ' : text[i];
		}
	}
	*to = '\0';
	return (size_t)(to - text);
}

bool
urlencoded_each(char *text, size_t length, urlencoded_visit *visit, void *context,
    struct error *err)
{
	char *end = text + length;

	while (text < end) {
		char *pair_end = memchr(text, '&', (size_t)(end - text));
		char *equals, *value = NULL;
		size_t value_length = 0;

		if (pair_end == NULL)
			pair_end = end;
		equals = memchr(text, '=', (size_t)(pair_end - text));
		/* Decode the value first: decoding the name writes a NUL over the "=". */
		if (equals != NULL) {
			value = equals + 1;
			value_length = urlencoded_decode(value, (size_t)(pair_end - value), true);
		}
		urlencoded_decode(text, (size_t)((equals != NULL ? equals : pair_end) - text),
		    true);
		if (pair_end > text &&
		    !visit(context, text, value != NULL ? value : "", value_length, err))
			return false;
		text = pair_end + 1;
	}
	return true;
}

void
urlencoded_encode(const char *text, char *to, size_t size)
{
	size_t at = 0;

	for (; *text != '\0' && at + 4 <= size; text++) {
		unsigned char byte = (unsigned char)*text;

		at += (size_t)snprintf(to + at, size - at,
		    isalnum(byte) || strchr("-._~", byte) != NULL ? "%c" : "%%%02X", byte);
	}
	to[at] = '\0';
}
