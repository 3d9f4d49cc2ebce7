#ifndef KABUTO_PATHNAME_H
#define KABUTO_PATHNAME_H
/*
 * Relative paths that come from others, as names of files below one folder.
 */
#include <stdbool.h>

#include "error.h"

/* The longest name that pathname_check accepts, and the longest component, in bytes. */
#define PATHNAME_MOST           1024
#define PATHNAME_COMPONENT_MOST 255

/*
 * Checks a file's name. It must be a relative path in valid UTF-8, without empty components, "." or
 * "..", and without control characters. A component has at most 255 bytes, the name 1,024. A name
 * has at most 64 components. ERROR_INPUT says what is wrong.
 */
bool pathname_check(const char *name, struct error *err);

/*
 * Returns whether the name is a relative path that leads nowhere else: it has no empty component,
 * no "." and no "..". It may have any other bytes.
 */
bool pathname_is_below(const char *name);

/*
 * Returns whether the target of a symbolic link stays within a folder, whatever the folder's other
 * links are. The link lies `depth` folders below it. A target with ".." behind a name does not,
 * since the name may be a link; nor does one that is only dots, since it contains itself.
 */
bool pathname_stays_within(const char *target, int depth);

#endif
