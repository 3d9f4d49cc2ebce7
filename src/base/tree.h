#ifndef KABUTO_TREE_H
#define KABUTO_TREE_H
/*
 * Folders that others may have filled: nothing here follows a link or trusts a name or a depth.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/*
 * Removes name in the folder dir with all below it, however deep. Nothing there is success. What
 * cannot be removed is left; err then names one of it.
 */
bool tree_remove(int dir, const char *name, struct error *err);

/*
 * Whether name in dir is a folder, and no link to one. Asks for it, since readdir(3) does not tell
 * it on every filesystem.
 */
bool tree_is_folder(int dir, const char *name);

/*
 * The next entry of a folder, "." and ".." left out. NULL: at its end with errno 0, or errno says
 * why the folder cannot be read on.
 */
struct dirent *tree_next(DIR *stream);

/* Flushes to disk every folder and file of the folder name in dir, and the folder itself. */
bool tree_sync(int dir, const char *name, struct error *err);

/*
 * Bytes of all that lies below the folder dir: on the disk, or as a file is read, where it has
 * holes. limit + 1 once it is over, or deeper than anybody looks. limit is less than INT64_MAX.
 * What vanishes or cannot be read meanwhile does not count.
 */
int64_t tree_measure(int dir, int64_t limit);

/*
 * Whether the file has more than most bytes, or takes more than twice as many of the disk: it may
 * have been given room behind its end (fallocate(2)). One that is not there has none.
 */
bool tree_file_is_over(int dir, const char *name, int64_t most);

#endif
