#ifndef KABUTO_UNPACK_H
#define KABUTO_UNPACK_H
/*
 * Reads and unpacks a backup (manifest.h).
 */
#include <stdbool.h>

#include "error.h"

/*
 * Unpacks the backup that fd reads. The database goes to the path database, where no file may
 * exist. All other members go below the folder to, which must contain inbox, results, logs and
 * builds. If to is -1, these members are only checked. True only if the backup is complete and each
 * member agrees with MANIFEST. On failure the caller removes everything that was unpacked.
 */
bool unpack_backup(int fd, int to, const char *database, struct error *err);

#endif
