#ifndef KABUTO_COOKIE_H
#define KABUTO_COOKIE_H
/*
 * The Cookie header (RFC 6265, section 4.2.1).
 */
#include <stddef.h>

/*
 * Copies the value of the first cookie called name into value; empty where there is none, or where
 * it does not fit into room bytes.
 */
void cookie_find(const char *header, const char *name, char *value, size_t room);

#endif
