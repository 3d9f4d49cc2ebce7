#ifndef KABUTO_WINDOWSNAME_H
#define KABUTO_WINDOWSNAME_H
/*
 * Tells which names of files Windows cannot hold. A zip may contain them, but cannot be unpacked
 * there.
 */
#include <stdbool.h>

/*
 * Returns whether Windows can hold a file or folder of this name, which is one component of a path
 * ("Naming Files, Paths, and Namespaces" in the Win32 documentation).
 */
bool windowsname_fits(const char *name);

#endif
