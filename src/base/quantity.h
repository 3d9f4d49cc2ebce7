#ifndef KABUTO_QUANTITY_H
#define KABUTO_QUANTITY_H
/*
 * Amounts in the form that people write and read: bytes with a binary suffix, times by RFC 3339.
 */
#include <stdbool.h>
#include <stdint.h>

/* Room for any text that the functions below write. */
#define QUANTITY_TEXT 32

/*
 * Reads a number of bytes: an integer or a decimal fraction, with an optional k, m, g or t (powers
 * of 1024, either case; "i", "b" or "ib" may follow, and one space may precede it). Returns false
 * for anything else and overflow; *bytes is unchanged then.
 */
bool quantity_parse_bytes(const char *text, int64_t *bytes);

/*
 * Writes bytes in the largest unit, with one decimal if needed: "512 MiB", "1.5 GiB". Returns text.
 */
const char *quantity_format_bytes(int64_t bytes, char text[static QUANTITY_TEXT]);

/* Writes a time by RFC 3339, in UTC: "2026-11-23T08:30:00.123Z". Returns text. */
const char *quantity_format_time(int64_t time_ms, char text[static QUANTITY_TEXT]);

#endif
