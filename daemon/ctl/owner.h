#ifndef KABUTO_OWNER_H
#define KABUTO_OWNER_H
/*
 * From root to the owner of the state directory.
 */
#include <stdbool.h>

#include "config.h"
#include "error.h"

/*
 * Where root has called, goes on as the owner of the state directory, for good, so that no file of
 * root's is left there; it keeps the spooler's capabilities, and its groups but the engine's.
 * Anybody but root and the owner is refused.
 */
bool owner_become(const struct config *config, struct error *err);

#endif
