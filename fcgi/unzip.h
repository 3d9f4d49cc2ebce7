#ifndef KABUTO_UNZIP_H
#define KABUTO_UNZIP_H
/*
 * Reads one file from a zip that Kabuto has made. The caller knows at which byte its header begins.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Receives bytes of the file. If it returns false, unpacking ends. */
typedef bool unzip_take(void *context, const char *data, size_t length);

/*
 * Unpacks the file with the local header at byte offset of the zip. Passes length bytes of the
 * file, from byte first on, to take in pieces. Earlier bytes are unpacked and dropped. Returns true
 * if take received all bytes or returned false. ERROR_SYSTEM: the zip cannot be read, is damaged,
 * or the file is shorter; take may have received a part. The caller keeps zip, whose position is
 * not used.
 */
bool unzip_entry(int zip, int64_t offset, int64_t first, int64_t length, unzip_take *take,
    void *context, struct error *err);

#endif
