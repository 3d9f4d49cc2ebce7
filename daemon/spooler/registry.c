/*
 * Reads the registry's password. Only the spooler's user and root may read its file: kabuto.fcgi,
 * which serves everyone, does not need it.
 */
#include "registry.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "secretfile.h"
#include "utf8.h"

static char from_environment[REGISTRY_PASSWORD];
static bool in_environment, too_long;

void
registry_take_environment(void)
{
	char *value = getenv(REGISTRY_ENVIRONMENT);
	size_t length = value == NULL ? 0 : strlen(value);

	if (value == NULL)
		return;
	in_environment = length > 0;
	too_long = length >= sizeof from_environment;
	(void)sodium_mlock(from_environment, sizeof from_environment);
	if (!too_long)
		memcpy(from_environment, value, length + 1);
	sodium_memzero(value, length); /* /proc/<pid>/environ shows this memory */
	(void)unsetenv(REGISTRY_ENVIRONMENT);
}

static bool
registry_read_password(const struct config *config, char *password, struct error *err)
{
	const char *file = config->registry.password_file;

	if (file[0] != '\0')
		return secretfile_read(file, "registry.password_file", password, err);
	if (!in_environment)
		return error_set(err, ERROR_INPUT,
		    "registry.username has no password: set registry.password_file, or " REGISTRY_ENVIRONMENT
		    " in the environment");
	if (too_long)
		return error_set(err, ERROR_INPUT, REGISTRY_ENVIRONMENT " has more than %d bytes",
		    REGISTRY_PASSWORD - 1);
	memcpy(password, from_environment, sizeof from_environment);
	return true;
}

bool
registry_log_in(const struct config *config, struct registry_login *login, struct error *err)
{
	*login = (struct registry_login){ 0 };
	if (!registry_configured(config))
		return true;
	if (config->registry.username[0] != '\0') {
		if (!registry_read_password(config, login->password, err)) {
			registry_log_out(login);
			return false;
		}
		if (!utf8_valid(login->password, strlen(login->password))) {
			registry_log_out(login);
			return error_set(err, ERROR_INPUT, "the registry's password is not UTF-8");
		}
		login->username = config->registry.username;
	}
	login->address = config->registry.address;
	return true;
}

void
registry_log_out(struct registry_login *login)
{
	sodium_memzero(login, sizeof *login);
}

bool
registry_check(const struct config *config, struct error *err)
{
	cleanup_login struct registry_login login = { 0 };

	return registry_log_in(config, &login, err);
}
