#ifndef KABUTO_USERFOLDER_H
#define KABUTO_USERFOLDER_H
/*
 * The user's own folders by the XDG Base Directory Specification 0.8: $XDG_CONFIG_HOME or
 * ~/.config, $XDG_CACHE_HOME or ~/.cache, and in them the folder kabuto.
 */
#include <stdbool.h>

#include "error.h"

/*
 * Returns $<variable>/kabuto/<file>, or <home>/<below>/kabuto/<file> if the variable is not set or
 * not absolute. home: HOME, or else the home folder of the user database. The caller frees it. NULL
 * with err set: there is no such folder, or no memory.
 */
char *userfolder_path(const char *variable, const char *below, const char *file, struct error *err);

/* Makes the folders above path that do not exist, with mode 0700. */
bool userfolder_make(const char *path, struct error *err);

#endif
