#ifndef KABUTO_UTF8_H
#define KABUTO_UTF8_H
/*
 * UTF-8 (RFC 3629): what comes in is checked, what goes out is made valid.
 */
#include <stdbool.h>
#include <stddef.h>

/*
 * Length in bytes (1 to 4) of the valid character at text, of which length bytes may be read; 0 if
 * the bytes there are none (truncated, overlong, a surrogate, over U+10FFFF). length must not be 0.
 */
size_t utf8_character(const char *text, size_t length);

/* Whether all of text is valid. */
bool utf8_valid(const char *text, size_t length);

/*
 * How many of text's length bytes remain when a character cut off at the end is left out. Bytes
 * that never were valid count as they are.
 */
size_t utf8_cut(const char *text, size_t length);

/*
 * Copies text with each byte that is not part of a valid character replaced by U+FFFD.
 * The copy is NUL-terminated and the caller's to free; *out_length gets its length. NULL without
 * memory.
 */
char *utf8_repair(const char *text, size_t length, size_t *out_length);

/*
 * Makes text valid in its place: each byte that is not part of a valid character becomes "?", and a
 * character that is cut off at the end is left out. Returns text.
 */
char *utf8_make_valid(char *text);

/* Makes text one line: control characters in it become question marks. Returns text. */
char *utf8_printable(char *text);

#endif
