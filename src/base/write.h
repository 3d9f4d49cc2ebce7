#ifndef KABUTO_WRITE_H
#define KABUTO_WRITE_H
#include <stdbool.h>
#include <stddef.h>

/*
 * Writes all bytes, by more than one write(2) if need be. Returns false with errno set on failure.
 */
bool write_whole(int fd, const void *data, size_t length);

/* Copies the rest of `from` to `to`. Returns false with errno set on failure. */
bool write_copy(int from, int to);

#endif
