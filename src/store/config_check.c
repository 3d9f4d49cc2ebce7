/*
 * Checks settings against each other. The table in config.c says which values each may have.
 */
#include "config_check.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#define ADDRESS_MOST   255
#define NAMESPACE_MOST 128 /* bytes; a repository's name has at most 255 */
#define LOWER_DIGITS   "abcdefghijklmnopqrstuvwxyz0123456789"
#define LETTERS_DIGITS LOWER_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/*
 * Whether the address is a host, with or without a port. It must have a "." or ":": Docker takes
 * any other word for a user of its public registry, which would then get the credentials (the
 * grammar of references in github.com/distribution/reference).
 */
static bool
config_check_is_registry_address(const char *text)
{
	size_t length = strlen(text);

	return length <= ADDRESS_MOST && strspn(text, LETTERS_DIGITS ".-:") == length &&
	    isalnum((unsigned char)text[0]) && isalnum((unsigned char)text[length - 1]) &&
	    (strpbrk(text, ".:") != NULL || strcmp(text, "localhost") == 0);
}

/* Whether the text is lower-case names with "/" between them, by the same grammar. */
static bool
config_check_is_namespace(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length <= NAMESPACE_MOST &&
	    strspn(text, LOWER_DIGITS "._-/") == length && strstr(text, "//") == NULL &&
	    strchr("._-/", text[0]) == NULL && strchr("._-/", text[length - 1]) == NULL;
}

static bool
config_check_has_scheme(const char *url, const char *scheme)
{
	size_t length = strlen(scheme);

	return strncmp(url, scheme, length) == 0 && url[length] != '\0' && url[length] != '/';
}

/* An Origin is compared as a whole, so that it may have no path and no "/" at its end. */
static bool
config_check_origins(const struct config *config, const char *path, struct error *err)
{
	for (size_t i = 0; i < config->origins.count; i++) {
		const char *origin = config->origins.texts[i];

		if ((!config_check_has_scheme(origin, "https://") &&
			!config_check_has_scheme(origin, "http://")) ||
		    strchr(strstr(origin, "://") + 3, '/') != NULL)
			return error_set(err, ERROR_INPUT,
			    "%s: origins: \"%s\" must be https://host or http://host:port, without a path",
			    path, origin);
	}
	return true;
}

static bool
config_check_mail(const struct config *config, const char *path, struct error *err)
{
	const char *server = config->mail.server, *url = config->mail.url;

	if (server[0] != '\0' && !config_check_has_scheme(server, "smtp://") &&
	    !config_check_has_scheme(server, "smtps://"))
		return error_set(err, ERROR_INPUT,
		    "%s: mail.server \"%s\" must be smtp://host:port or smtps://host:port", path,
		    server);
	if (strcmp(config->registration, "mail") != 0)
		return true;
	if (server[0] == '\0' || strchr(config->mail.from, '@') == NULL)
		return error_set(err, ERROR_INPUT,
		    "%s: registration = \"mail\" needs mail.server and mail.from", path);
	return config_check_has_scheme(url, "https://") ||
	    config_check_has_scheme(url, "http://") ||
	    error_set(err, ERROR_INPUT,
		"%s: registration = \"mail\" needs mail.url, the address of Kabuto for its users: https://host",
		path);
}

static bool
config_check_ldap(const struct config *config, const char *path, struct error *err)
{
	const char *url = config->ldap.url;

	if (url[0] == '\0')
		return true;
	if (!config_check_has_scheme(url, "ldap://") && !config_check_has_scheme(url, "ldaps://") &&
	    !config_check_has_scheme(url, "ldapi://"))
		return error_set(err, ERROR_INPUT,
		    "%s: ldap.url \"%s\" must be ldap://host, ldaps://host or ldapi://path", path,
		    url);
	if (config->ldap.base[0] == '\0')
		return error_set(err, ERROR_INPUT, "%s: ldap.url needs ldap.base", path);
	return strstr(config->ldap.filter, "{login}") != NULL ||
	    error_set(err, ERROR_INPUT, "%s: ldap.filter must contain {login}", path);
}

static bool
config_check_registry(const struct config *config, const char *path, struct error *err)
{
	const char *address = config->registry.address, *file = config->registry.password_file;

	if (address[0] == '\0' && (config->registry.username[0] != '\0' || file[0] != '\0'))
		return error_set(err, ERROR_INPUT,
		    "%s: registry.username and registry.password_file need registry.address", path);
	if (address[0] != '\0' && !config_check_is_registry_address(address))
		return error_set(err, ERROR_INPUT,
		    "%s: registry.address \"%s\" must be host or host:port, without https:// and without a path",
		    path, address);
	if (!config_check_is_namespace(config->registry.namespace))
		return error_set(err, ERROR_INPUT,
		    "%s: registry.namespace \"%s\" must be lower-case letters, digits, \".\", \"_\" and \"-\", with \"/\" between parts",
		    path, config->registry.namespace);
	if (strchr(config->registry.username, ':') != NULL) /* RFC 7617, section 2 */
		return error_set(err, ERROR_INPUT, "%s: registry.username must not contain \":\"",
		    path);
	if (file[0] != '\0' && config->registry.username[0] == '\0')
		return error_set(err, ERROR_INPUT,
		    "%s: registry.password_file needs registry.username", path);
	return file[0] == '\0' || file[0] == '/' ||
	    error_set(err, ERROR_INPUT, "%s: registry.password_file must be an absolute path",
		path);
}

/* Returns the setting that has its value at this offset in struct config. */
static const struct setting *
config_check_setting_at(size_t offset)
{
	const struct setting *s = config_settings;

	while (s->name != NULL && s->offset != offset)
		s++;
	assert(s->name != NULL);
	return s;
}

static bool
config_check_ceilings(const struct config *config, const char *path, struct error *err)
{
	char name[SETTING_NAME], limit[SETTING_NAME];

	for (const struct setting *s = config_settings; s->name != NULL; s++) {
		const struct setting *most =
		    s->at_most != 0 ? config_check_setting_at(s->at_most) : NULL;

		if (most != NULL && config_number(config, s) > config_number(config, most))
			return error_set(err, ERROR_INPUT,
			    "%s: %s (%.15g) is more than %s or this machine allows (%.15g)", path,
			    config_setting_name(s, name, sizeof name), config_number(config, s),
			    config_setting_name(most, limit, sizeof limit),
			    config_number(config, most));
	}
	return true;
}

bool
config_check(const struct config *config, const char *path, struct error *err)
{
	if (config->state_dir[0] != '/' || config->database[0] != '/' ||
	    config->engine.socket[0] != '/')
		return error_set(err, ERROR_INPUT,
		    "%s: state_dir, database and the engine's socket must be absolute paths", path);
	if (!config_check_ceilings(config, path, err))
		return false;
	if (!config_list_has(&config->job.networks, config->job.network))
		return error_set(err, ERROR_INPUT, "%s: job.network \"%s\" is not in job.networks",
		    path, config->job.network);
	return config_check_origins(config, path, err) &&
	    config_check_registry(config, path, err) && config_check_mail(config, path, err) &&
	    config_check_ldap(config, path, err);
}
