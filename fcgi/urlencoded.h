#ifndef KABUTO_URLENCODED_H
#define KABUTO_URLENCODED_H
/*
 * application/x-www-form-urlencoded (the WHATWG's URL standard, section 5.1) and percent-encoding
 * (RFC 3986).
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/*
 * Decodes %XX in place, and + as a space where plus is set; gives the new length. A % without two
 * hexadecimal digits stays as it is. A NUL is put behind the end.
 */
size_t urlencoded_decode(char *text, size_t length, bool plus);

/*
 * Calls visit for each name and value of text, which is decoded in place. Values may hold NULs.
 * False, with err set by visit, where one was refused.
 */
typedef bool urlencoded_visit(void *context, const char *name, const char *value, size_t length,
    struct error *err);
bool urlencoded_each(char *text, size_t length, urlencoded_visit *visit, void *context,
    struct error *err);

#endif
