#ifndef KABUTO_CLOCK_H
#define KABUTO_CLOCK_H
/*
 * The current time, as integers.
 */
#include <stdint.h>
#include <time.h>

#define MS_PER_S  INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)
#define DAY_MS    (24 * 60 * 60 * MS_PER_S)

/* The time now, in ms (ns) since 1970. */
int64_t clock_now_ms(void);
int64_t clock_now_ns(void);

/* The time in ms of a clock that nobody can set. Use it for intervals. */
int64_t clock_monotonic_ms(void);

/* Converts a file's time to ms since 1970. */
int64_t clock_timespec_ms(const struct timespec *time);

#endif
