#ifndef KABUTO_OWNER_H
#define KABUTO_OWNER_H
/*
 * Changes the user of the process from root to the owner of the state directory.
 */
#include <stdbool.h>

#include "config.h"
#include "error.h"

/*
 * If the process runs as root, it permanently becomes the owner of the state directory, so that it
 * leaves none of root's files there. It then has the spooler's capabilities and the spooler's
 * groups except the engine's. Does nothing if the process already runs as the owner.
 * ERROR_FORBIDDEN: it runs as any other user.
 */
bool owner_become(const struct config *config, struct error *err);

#endif
