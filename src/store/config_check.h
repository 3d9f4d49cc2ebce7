#ifndef KABUTO_CONFIG_CHECK_H
#define KABUTO_CONFIG_CHECK_H
/*
 * Checks the settings of a configuration against each other.
 */
#include <stdbool.h>

#include "config.h"
#include "error.h"

/* ERROR_INPUT: two settings contradict each other. The text names them, and the file `path`. */
bool config_check(const struct config *config, const char *path, struct error *err);

#endif
