/*
 * Reading and writing amounts.
 */
#include "quantity.h"

#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "clock.h"
#include "number.h"

static const struct {
	const char *suffix;
	const char *unit;
	int64_t bytes;
} units[] = {
	{ "t", "TiB", INT64_C(1) << 40 },
	{ "g", "GiB", INT64_C(1) << 30 },
	{ "m", "MiB", INT64_C(1) << 20 },
	{ "k", "KiB", INT64_C(1) << 10 },
};
#define UNITS (sizeof units / sizeof units[0])

bool
quantity_parse_bytes(const char *text, int64_t *bytes)
{
	const char *end;
	int64_t unit = 1, whole;
	double value;

	if (number_parse_integer(text, &whole) && whole >= 0) {
		*bytes = whole;
		return true;
	}
	if (!number_parse_prefix(text, &value, &end))
		return false;
	if (end[0] == ' ' && end[1] != '\0')
		end++;
	for (size_t i = 0; i < UNITS; i++)
		if (strncasecmp(end, units[i].suffix, 1) == 0) {
			unit = units[i].bytes;
			end++;
			break;
		}
	if (*end != '\0' && strcasecmp(end, "b") != 0 &&
	    (unit == 1 || (strcasecmp(end, "i") != 0 && strcasecmp(end, "ib") != 0)))
		return false;
	value *= (double)unit;
	if (value >= 0x1p63)
		return false;
	*bytes = (int64_t)value;
	return true;
}

const char *
quantity_format_bytes(int64_t bytes, char text[static QUANTITY_TEXT])
{
	for (size_t i = 0; i < UNITS; i++)
		if (bytes >= units[i].bytes) {
			bool exact = bytes % units[i].bytes == 0;

			snprintf(text, QUANTITY_TEXT, "%.*f %s", exact ? 0 : 1,
			    (double)bytes / (double)units[i].bytes, units[i].unit);
			return text;
		}
	snprintf(text, QUANTITY_TEXT, "%lld bytes", (long long)bytes);
	return text;
}

const char *
quantity_format_time(int64_t time_ms, char text[static QUANTITY_TEXT])
{
	time_t seconds = (time_t)(time_ms / MS_PER_S);
	struct tm utc;
	size_t length;

	gmtime_r(&seconds, &utc);
	length = strftime(text, QUANTITY_TEXT, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + length, QUANTITY_TEXT - length, ".%03dZ", (int)(time_ms % MS_PER_S));
	return text;
}
