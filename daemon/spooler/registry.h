#ifndef KABUTO_REGISTRY_H
#define KABUTO_REGISTRY_H
/*
 * The registry of the configuration (section registry), and its password.
 *
 * The password is in no struct config, since other programs read that too. It is read where it is
 * needed, and wiped behind it; so a new one in the file counts from the next push or pull on.
 */
#include <stdbool.h>

#include "config.h"
#include "engine_registry.h"
#include "error.h"

#define REGISTRY_ENVIRONMENT "KABUTO_REGISTRY_PASSWORD"

/*
 * Before threads, once: takes the password out of the environment, where it is, so that it stands
 * there no longer and no child inherits it.
 */
void registry_take_environment(void);

static inline bool
registry_configured(const struct config *config)
{
	return config->registry.address[0] != '\0';
}

/*
 * How the engine is to log in: *login points into config, and holds a copy of the password, which
 * registry_log_out wipes. Without a configured registry login->address is NULL. Refused are a
 * password file that is not there, or that others may read; a missing password; one without use.
 */
bool registry_log_in(const struct config *config, struct registry_login *login, struct error *err);
void registry_log_out(struct registry_login *login);
#define cleanup_login __attribute__((cleanup(registry_log_out)))

/* Whether registry_log_in would do: for the start, and for a configuration that is read anew. */
bool registry_check(const struct config *config, struct error *err);

#endif
