#ifndef KABUTO_COOKIE_H
#define KABUTO_COOKIE_H
/*
 * Reads the Cookie header (RFC 6265, section 4.2.1).
 */
#include <stddef.h>

/*
 * Copies the value of the first cookie with that name to value, which has room bytes. value becomes
 * empty if the header has no such cookie, or if it is too long.
 */
void cookie_find(const char *header, const char *name, char *value, size_t room);

#endif
