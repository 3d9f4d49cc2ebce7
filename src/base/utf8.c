/*
 * Validation of UTF-8 after RFC 3629, section 4: the table of well-formed byte sequences.
 */
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

static bool
utf8_between(unsigned char byte, unsigned char least, unsigned char most)
{
	return byte >= least && byte <= most;
}

/*
 * Returns the character's length by its first byte. *least and *most get the second byte's range.
 */
static size_t
utf8_announced(unsigned char lead, unsigned char *least, unsigned char *most)
{
	*least = 0x80;
	*most = 0xbf;
	if (utf8_between(lead, 0xc2, 0xdf))
		return 2;
	if (utf8_between(lead, 0xe0, 0xef)) {
		if (lead == 0xe0)
			*least = 0xa0;
		if (lead == 0xed)
			*most = 0x9f;
		return 3;
	}
	if (utf8_between(lead, 0xf0, 0xf4)) {
		if (lead == 0xf0)
			*least = 0x90;
		if (lead == 0xf4)
			*most = 0x8f;
		return 4;
	}
	return lead < 0x80 ? 1 : 0;
}

size_t
utf8_character(const char *text, size_t length)
{
	const unsigned char *byte = (const unsigned char *)text;
	unsigned char least, most;
	size_t size = utf8_announced(byte[0], &least, &most);

	if (size <= 1)
		return size;
	if (size > length || !utf8_between(byte[1], least, most))
		return 0;
	for (size_t i = 2; i < size; i++)
		if (!utf8_between(byte[i], 0x80, 0xbf))
			return 0;
	return size;
}

size_t
utf8_mark(const char *text, size_t length)
{
	static const char mark[] = "\xef\xbb\xbf";

	return length >= sizeof mark - 1 && memcmp(text, mark, sizeof mark - 1) == 0
	    ? sizeof mark - 1
	    : 0;
}

bool
utf8_valid(const char *text, size_t length)
{
	while (length > 0) {
		size_t size = utf8_character(text, length);

		if (size == 0)
			return false;
		text += size;
		length -= size;
	}
	return true;
}

size_t
utf8_cut(const char *text, size_t length)
{
	unsigned char least, most;

	for (size_t back = 1; back <= 3 && back <= length; back++) {
		unsigned char byte = (unsigned char)text[length - back];

		if (byte < 0x80)
			return length;
		if (byte >= 0xc0)
			return utf8_announced(byte, &least, &most) > back ? length - back : length;
	}
	return length;
}

char *
utf8_repair(const char *text, size_t length, size_t *out_length)
{
	char *copy = malloc(length * 3 + 1);
	char *to = copy;

	if (copy == NULL)
		return NULL;
	while (length > 0) {
		size_t size = utf8_character(text, length);

		if (size == 0) {
			memcpy(to, "\xef\xbf\xbd", 3);
			to += 3;
			size = 1;
		} else {
			memcpy(to, text, size);
			to += size;
		}
		text += size;
		length -= size;
	}
	*to = '\0';
	*out_length = (size_t)(to - copy);
	return copy;
}

char *
utf8_make_valid(char *text)
{
	size_t length = utf8_cut(text, strlen(text));

	text[length] = '\0';
	for (char *at = text; length > 0;) {
		size_t size = utf8_character(at, length);

		if (size == 0) {
			*at = '?';
			size = 1;
		}
		at += size;
		length -= size;
	}
	return text;
}

char *
utf8_printable(char *text)
{
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return text;
}

char *
utf8_show(const char *name, char *shown, size_t size)
{
	size_t length = strnlen(name, size - 1);

	memcpy(shown, name, length);
	shown[length] = '\0';
	return utf8_printable(utf8_make_valid(shown));
}
