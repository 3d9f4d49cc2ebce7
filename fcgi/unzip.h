#ifndef KABUTO_UNZIP_H
#define KABUTO_UNZIP_H
/*
 * Reads one file out of a zip that Kabuto has made, from the place where the file's header begins.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Takes bytes; false ends it. */
typedef bool unzip_take(void *context, const char *data, size_t length);

/*
 * Unpacks the file whose local header begins at byte offset of the zip. Gives take its bytes from
 * first on, length of them, in pieces; the bytes before first are unpacked and dropped. True when
 * take got them all, or returned false. ERROR_SYSTEM: the zip cannot be read, is damaged, or the
 * file is shorter; take may have got a part by then. zip stays the caller's, its position moves.
 */
bool unzip_entry(int zip, int64_t offset, int64_t first, int64_t length, unzip_take *take,
    void *context, struct error *err);

#endif
