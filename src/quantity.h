#ifndef KABUTO_QUANTITY_H
#define KABUTO_QUANTITY_H
/*
 * Amounts as people write and read them: bytes with a binary suffix, times as RFC 3339.
 */
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define MS_PER_S  INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)
#define DAY_MS    (24 * 60 * 60 * MS_PER_S)

/* Room for any text that the functions below write. */
#define QUANTITY_TEXT 32

/*
 * Reads a count of bytes: digits, or a decimal fraction, with an optional k, m, g or t (powers of
 * 1024, either case, "b" or "ib" may follow). False, and *bytes untouched, for anything else and
 * for overflow.
 */
bool bytes_parse(const char *text, int64_t *bytes);

/* Writes bytes in the largest unit that keeps it exact or to one decimal: "512 MiB", "1.5 GiB". */
const char *bytes_format(int64_t bytes, char text[static QUANTITY_TEXT]);

/*
 * Reads an integer of decimal digits, a minus before them allowed; false for anything else and for
 * overflow.
 */
bool integer_parse(const char *text, int64_t *number);

/*
 * Reads a non-negative decimal number ("1.5"); false for anything else, exponents and infinities
 * too.
 */
bool decimal_parse(const char *text, double *number);

/* The time now, in ms (ns) since 1970. */
int64_t time_now_ms(void);
int64_t time_now_ns(void);

/* A file's time in ms since 1970. */
int64_t timespec_ms(const struct timespec *time);

/* Milliseconds of a clock that no one sets: for intervals. */
int64_t time_monotonic_ms(void);

/* Writes a time as RFC 3339 in UTC with milliseconds: "2026-11-23T08:30:00.123Z". */
const char *time_format(int64_t time_ms, char text[static QUANTITY_TEXT]);

#endif
