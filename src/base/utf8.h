#ifndef KABUTO_UTF8_H
#define KABUTO_UTF8_H
/*
 * UTF-8 (RFC 3629): functions that check a text, and functions that make it valid.
 */
#include <stdbool.h>
#include <stddef.h>

/*
 * Returns the length in bytes (1 to 4) of the character at the beginning of text. Returns 0 if it
 * is not valid (truncated, overlong, a surrogate, over U+10FFFF). text has length bytes, at least
 * one.
 */
size_t utf8_character(const char *text, size_t length);

/*
 * Returns the length of the byte order mark (U+FEFF) at the beginning of text; 0: there is none.
 * Programs on Windows write it.
 */
size_t utf8_mark(const char *text, size_t length);

/* Whether the whole text is valid. */
bool utf8_valid(const char *text, size_t length);

/*
 * Returns the length of text without an incomplete character at its end. Other invalid bytes stay.
 */
size_t utf8_cut(const char *text, size_t length);

/*
 * Copies text with each byte that is not part of a valid character replaced by U+FFFD.
 * The copy is NUL-terminated, and the caller frees it; *out_length gets its length. Returns NULL if
 * there is not enough memory.
 */
char *utf8_repair(const char *text, size_t length, size_t *out_length);

/*
 * Makes text valid in place: removes an incomplete character at the end, and replaces each other
 * byte that is not part of a valid character by "?". Returns text.
 */
char *utf8_make_valid(char *text);

/* Makes text one line: replaces each control character by "?". Returns text. */
char *utf8_printable(char *text);

/*
 * Copies a name into shown, which has size bytes, in a form for messages: cut, valid, and one line.
 * Returns shown. errno stays as it is.
 */
char *utf8_show(const char *name, char *shown, size_t size);

#endif
