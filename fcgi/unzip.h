#ifndef KABUTO_UNZIP_H
#define KABUTO_UNZIP_H
/*
 * One file out of a zip that Kabuto has made (APPNOTE.TXT of PKWARE, section 4.3), by where its
 * header begins: nothing else of the zip is read.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Takes bytes; false ends it. */
typedef bool unzip_take(void *context, const char *data, size_t length);

/*
 * Hands on length bytes of the file whose local header begins at offset, from its byte first on.
 * Those before it are unpacked and dropped. ERROR_SYSTEM where the zip is not what it was.
 */
bool unzip_entry(int zip, int64_t offset, int64_t first, int64_t length, unzip_take *take,
    void *context, struct error *err);

#endif
