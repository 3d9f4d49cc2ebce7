#ifndef KABUTO_TREE_H
#define KABUTO_TREE_H
/*
 * Work on folders that others may have filled. Nothing here follows a symbolic link, or trusts a
 * name or a depth.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/*
 * Removes name from the folder dir, with all below it, at any depth. Returns true if it does not
 * exist. If some entries cannot be removed, removes the others and returns false; err names one.
 */
bool tree_remove(int dir, const char *name, struct error *err);

/*
 * Whether name in dir is a folder, and not a link to one. Calls fstatat(2), since readdir(3) does
 * not give the type on every filesystem.
 */
bool tree_is_folder(int dir, const char *name);

/*
 * Returns the next entry of a folder, without "." and "..". Returns NULL with errno 0 at the end,
 * or NULL with another errno if reading failed.
 */
struct dirent *tree_next(DIR *stream);

/* Flushes to disk every folder and file of the folder name in dir, and the folder itself. */
bool tree_sync(int dir, const char *name, struct error *err);

/*
 * Returns how many bytes lie below the folder dir. A file counts with its length or its blocks on
 * the disk, whichever is more. Returns limit + 1 if there are more than limit bytes or too many
 * levels of folders. limit must be less than INT64_MAX. Entries that vanish or cannot be read do
 * not count.
 */
int64_t tree_measure(int dir, int64_t limit);

/*
 * Whether the file has more than `most` bytes, or takes more than about twice as many on the disk:
 * fallocate(2) can reserve disk beyond a file's end. False if the file does not exist.
 */
bool tree_file_is_over(int dir, const char *name, int64_t most);

#endif
