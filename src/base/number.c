/*
 * Reading numbers. The whole text must be a number.
 */
#include "number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool
number_parse_integer(const char *text, int64_t *number)
{
	char *end;
	long long value;

	if (!isdigit((unsigned char)text[text[0] == '-']))
		return false;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return false;
	*number = value;
	return true;
}

bool
number_parse_prefix(const char *text, double *number, const char **end)
{
	size_t digits = strspn(text, "0123456789");
	size_t length = digits;

	if (text[length] == '.') {
		size_t fraction = strspn(text + length + 1, "0123456789");

		length += 1 + fraction;
		digits += fraction;
	}
	if (digits == 0 || length > 30)
		return false;
	*number = strtod(text, NULL);
	*end = text + length;
	return true;
}

bool
number_parse_decimal(const char *text, double *number)
{
	const char *end;
	double value;

	if (!number_parse_prefix(text, &value, &end) || *end != '\0')
		return false;
	*number = value;
	return true;
}
