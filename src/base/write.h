#ifndef KABUTO_WRITE_H
#define KABUTO_WRITE_H
#include <stdbool.h>
#include <stddef.h>

/* Writes all of it, however often the kernel takes only a part. False: errno says why. */
bool write_whole(int fd, const void *data, size_t length);

/* Copies what is left of from to to. False: errno says why. */
bool write_copy(int from, int to);

#endif
