#ifndef KABUTO_NUMBER_H
#define KABUTO_NUMBER_H
/*
 * Reading numbers from texts.
 */
#include <stdbool.h>
#include <stdint.h>

/* Reads decimal digits after an optional minus. Returns false for anything else and overflow. */
bool number_parse_integer(const char *text, int64_t *number);

/* Reads a decimal number from 0 ("1.5"). Returns false for anything else, also an exponent. */
bool number_parse_decimal(const char *text, double *number);

/* Reads such a number at the beginning of text. *end points to the text after it. */
bool number_parse_prefix(const char *text, double *number, const char **end);

#endif
