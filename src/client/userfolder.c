/*
 * Finds and makes the user's folders.
 */
#include "userfolder.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

/* Returns the value of the variable if it is an absolute path; NULL: a relative one does not count.
 */
static const char *
userfolder_variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] == '/' ? value : NULL;
}

/* Returns the home folder, or NULL. It holds until the next call of getpwuid(3). */
static const char *
userfolder_home(void)
{
	const char *home = getenv("HOME");
	const struct passwd *user;

	if (home != NULL && home[0] != '\0')
		return home;
	user = getpwuid(geteuid());
	return user != NULL && user->pw_dir != NULL && user->pw_dir[0] == '/' ? user->pw_dir : NULL;
}

char *
userfolder_path(const char *variable, const char *below, const char *file, struct error *err)
{
	const char *folder = userfolder_variable(variable);
	const char *home = folder == NULL ? userfolder_home() : NULL;
	char *path = NULL;
	int length;

	if (folder == NULL && home == NULL) {
		error_set(err, ERROR_INPUT, "neither %s nor HOME is set: set one of them",
		    variable);
		return NULL;
	}
	length = folder != NULL ? asprintf(&path, "%s/kabuto/%s", folder, file)
				: asprintf(&path, "%s/%s/kabuto/%s", home, below, file);
	if (length >= 0)
		return path;
	error_set(err, ERROR_SYSTEM, "not enough memory");
	return NULL;
}

bool
userfolder_make(const char *path, struct error *err)
{
	cleanup_free char *folder = strdup(path);

	if (folder == NULL)
		return error_set(err, ERROR_SYSTEM, "not enough memory");
	for (char *slash = folder + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		if (mkdir(folder, 0700) < 0 && errno != EEXIST)
			return error_errno(err, "make the folder '%s'", folder);
		*slash = '/';
	}
	return true;
}
