/*
 * Reads the engine's times.
 */
#include "engine_time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"

/* Returns the milliseconds of a zone ("+01:30") that follows a time. */
static int64_t
engine_time_zone_ms(const char *text)
{
	const char *sign = strpbrk(text, "+-");
	int hours, minutes;

	if (sign == NULL || sscanf(sign + 1, "%2d:%2d", &hours, &minutes) != 2)
		return 0;
	return (*sign == '-' ? -1 : 1) * (hours * 60 + minutes) * 60 * MS_PER_S;
}

/*
 * Returns the milliseconds of a decimal fraction (".123456789"). Stops at the first character that
 * is not a digit.
 */
static int64_t
engine_time_fraction_ms(const char *text)
{
	int64_t sum = 0;

	if (*text++ != '.')
		return 0;
	for (int64_t weight = MS_PER_S / 10; weight > 0 && *text >= '0' && *text <= '9';
	     weight /= 10)
		sum += (*text++ - '0') * weight;
	return sum;
}

int64_t
engine_time_read(const char *text)
{
	struct tm utc = { 0 };
	const char *rest = text == NULL ? NULL : strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);

	if (rest == NULL || utc.tm_year < 70)
		return 0;
	return (int64_t)timegm(&utc) * MS_PER_S + engine_time_fraction_ms(rest) -
	    engine_time_zone_ms(rest + strspn(rest, ".0123456789"));
}
