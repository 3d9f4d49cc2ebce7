#ifndef KABUTO_URLENCODED_H
#define KABUTO_URLENCODED_H
/*
 * Encodes and decodes application/x-www-form-urlencoded (WHATWG URL standard, section 5.1) and
 * percent-encoding (RFC 3986).
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/*
 * Decodes %XX in place and, if plus is set, + as a space. Returns the new length. A % without two
 * hexadecimal digits stays as it is. Writes a NUL after the text, so text needs length + 1 bytes.
 */
size_t urlencoded_decode(char *text, size_t length, bool plus);

/*
 * Percent-encodes text for a value of a query: all but RFC 3986's unreserved characters. Writes at
 * most size bytes with the NUL; what does not fit is cut off.
 */
void urlencoded_encode(const char *text, char *to, size_t size);

/*
 * Decodes text in place and calls visit for each name and value. Values may contain NULs. If visit
 * returns false, with err set, it stops and returns false. text needs length + 1 bytes.
 */
typedef bool urlencoded_visit(void *context, const char *name, const char *value, size_t length,
    struct error *err);
bool urlencoded_each(char *text, size_t length, urlencoded_visit *visit, void *context,
    struct error *err);

#endif
