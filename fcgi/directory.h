#ifndef KABUTO_DIRECTORY_H
#define KABUTO_DIRECTORY_H
/*
 * Log-in by a directory (LDAP): somebody's entry is searched for, and bound to with the password.
 */
#include <stdbool.h>

#include "account.h"
#include "config.h"
#include "error.h"

static inline bool
directory_configured(const struct config *config)
{
	return config->ldap.url[0] != '\0';
}

/* Whether the password's file can be read: for the start, and for a configuration read anew. */
bool directory_check(const struct config *config, struct error *err);

enum directory_answer {
	DIRECTORY_WRONG,    /* no such login, or not its password: told apart by nothing */
	DIRECTORY_RIGHT,    /* and, where a group is asked for, a member of it */
	DIRECTORY_NO_MEMBER /* right, and not of the group */
};

/*
 * Asks whether the password is the login's; email gets its address, or is empty. A login that is
 * none takes as long as a wrong password. ERROR_AWAY: the directory does not answer.
 */
bool directory_log_in(const struct config *config, const char *login, const char *password,
    enum directory_answer *answer, char email[static EMAIL_MOST + 1], struct error *err);

/* Whether the directory has an entry of that login. */
bool directory_has(const struct config *config, const char *login, bool *has, struct error *err);

#endif
