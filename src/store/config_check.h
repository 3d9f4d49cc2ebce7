#ifndef KABUTO_CONFIG_CHECK_H
#define KABUTO_CONFIG_CHECK_H
/*
 * Whether the settings of a configuration go together.
 */
#include <stdbool.h>

#include "config.h"
#include "error.h"

/* ERROR_INPUT names the file path, and the settings that do not go together. */
bool config_check(const struct config *config, const char *path, struct error *err);

#endif
