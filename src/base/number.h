#ifndef KABUTO_NUMBER_H
#define KABUTO_NUMBER_H
/*
 * Numbers as texts.
 */
#include <stdbool.h>
#include <stdint.h>

/* Reads decimal digits, with an optional minus before them. False: anything else, or overflow. */
bool number_parse_integer(const char *text, int64_t *number);

/* Reads a non-negative decimal number ("1.5"). False: anything else, also an exponent. */
bool number_parse_decimal(const char *text, double *number);

/* Reads such a number at the beginning of text; *end gets what follows it. */
bool number_parse_prefix(const char *text, double *number, const char **end);

#endif
