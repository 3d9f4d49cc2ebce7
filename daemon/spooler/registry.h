#ifndef KABUTO_REGISTRY_H
#define KABUTO_REGISTRY_H
/*
 * The registry of the configuration (section registry) and its password.
 *
 * struct config does not contain the password, because other programs read that too. The password
 * is read when it is needed and wiped afterwards. So a new password in the file is used from the
 * next push or pull on.
 */
#include <stdbool.h>

#include "config.h"
#include "engine_registry.h"
#include "error.h"

#define REGISTRY_ENVIRONMENT "KABUTO_REGISTRY_PASSWORD"

/*
 * Takes the password out of the environment if it is set, so that no child inherits it. Must be
 * called once, before threads start.
 */
void registry_take_environment(void);

static inline bool
registry_configured(const struct config *config)
{
	return config->registry.address[0] != '\0';
}

/*
 * Fills *login for the engine. It points into config and contains a copy of the password, which
 * registry_log_out wipes. Without a configured registry login->address is NULL. Fails if the
 * password file does not exist or others may read it, if the password is missing, or if it is set
 * without a use.
 */
bool registry_log_in(const struct config *config, struct registry_login *login, struct error *err);
void registry_log_out(struct registry_login *login);
#define cleanup_login __attribute__((cleanup(registry_log_out)))

/* Whether registry_log_in would succeed. For the start, and for a reloaded configuration. */
bool registry_check(const struct config *config, struct error *err);

#endif
