#ifndef KABUTO_UNPACK_H
#define KABUTO_UNPACK_H
/*
 * Reading a backup (manifest.h) from its beginning to its end.
 */
#include <stdbool.h>

#include "error.h"

/*
 * Unpacks the backup that fd reads: the database into the file at the path database, which must not
 * be there, and all else below the folder to, in which inbox, results, logs and builds are; or,
 * with to -1, nowhere. True only if it is whole and each of its files is what its MANIFEST says. On
 * false err says what is wrong, and what was unpacked is to be thrown away.
 */
bool unpack_backup(int fd, int to, const char *database, struct error *err);

#endif
