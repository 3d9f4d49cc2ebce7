/*
 * How each program starts and reloads its configuration.
 */
#include "program.h"

#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "config_check.h"
#include "confine.h"
#include "database.h"
#include "log.h"
#include "secret.h"

/* Each level of a deep folder tree, each thread and each connection needs descriptors. */
static void
program_raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Reads the configuration, and checks its settings against each other. */
static bool
program_read(struct config *config, const char *path, struct error *err)
{
	if (!config_read(config, path, err))
		return false;
	if (config_check(config, path, err))
		return true;
	config_clear(config);
	return false;
}

bool
program_set_up(struct config *config, const char *path, struct error *err)
{
	umask(0007); /* both our users may use a file that one of them makes, and no one else */
	/* libarchive converts file names by LC_CTYPE. Numbers must stay in the format of "C". */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	program_raise_descriptor_limit();
	mallopt(M_ARENA_MAX, 2); /* saves memory: most of our many threads only wait */
	connection_init();
	return secret_init(err) && confine_init(err) && program_read(config, path, err);
}

bool
program_start(struct config *config, const char *path)
{
	struct error err;

	if (program_set_up(config, path, &err))
		return true;
	log_write(LOG_ERROR, "%s", err.text);
	return false;
}

void
program_checked(const char *path)
{
	printf("%s: ok\n", path);
}

/* Whether the new configuration may replace the old one. */
static bool
program_check_change(const struct config *old, const struct config *new, program_accept *accept,
    struct error *err)
{
	const struct setting *changed = config_changed(old, new, SETTING_UNCHANGED);
	char name[SETTING_NAME];

	if (changed != NULL)
		return error_set(err, ERROR_INPUT, "%s: cannot change without a restart",
		    config_setting_name(changed, name, sizeof name));
	changed = config_changed(old, new, SETTING_LATER);
	if (changed != NULL)
		log_write(LOG_WARNING, "%s: takes effect after a restart",
		    config_setting_name(changed, name, sizeof name));
	return accept == NULL || accept(new, err);
}

const struct config *
program_reload(const struct config *old, const char *path, program_accept *accept)
{
	struct config *config = calloc(1, sizeof *config);
	struct error err;

	if (config == NULL)
		error_set(&err, ERROR_SYSTEM, "not enough memory");
	if (config == NULL || !program_read(config, path, &err) ||
	    !program_check_change(old, config, accept, &err)) {
		if (config != NULL)
			config_clear(config);
		free(config);
		log_write(LOG_ERROR, "configuration: %s; the old one stays", err.text);
		return old;
	}
	config->former = old;
	log_write(LOG_INFO, "configuration read again");
	return config;
}

void
program_end(const struct config *last)
{
	while (last != NULL) {
		struct config *config = (struct config *)(uintptr_t)last;

		last = config->former;
		config_clear(config);
		if (last != NULL) /* the first one is the program's own */
			free(config);
	}
}
