#ifndef KABUTO_QUANTITY_H
#define KABUTO_QUANTITY_H
/*
 * Amounts as people write and read them: bytes with a binary suffix, times as RFC 3339.
 */
#include <stdbool.h>
#include <stdint.h>

/* Room for any text that the functions below write. */
#define QUANTITY_TEXT 32

/*
 * Reads a count of bytes: digits, or a decimal fraction, with an optional k, m, g or t (powers of
 * 1024, either case, "b" or "ib" may follow). False, and *bytes untouched: anything else, or
 * overflow.
 */
bool quantity_parse_bytes(const char *text, int64_t *bytes);

/* Writes bytes in the largest unit that keeps it exact or to one decimal: "512 MiB", "1.5 GiB". */
const char *quantity_format_bytes(int64_t bytes, char text[static QUANTITY_TEXT]);

/* Writes a time as RFC 3339 in UTC with milliseconds: "2026-11-23T08:30:00.123Z". */
const char *quantity_format_time(int64_t time_ms, char text[static QUANTITY_TEXT]);

#endif
