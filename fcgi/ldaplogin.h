#ifndef KABUTO_LDAPLOGIN_H
#define KABUTO_LDAPLOGIN_H
/*
 * Log-in by a directory (LDAP): somebody's entry is searched for, and bound to with the password.
 */
#include <stdbool.h>

#include "account.h"
#include "config.h"
#include "error.h"

static inline bool
ldaplogin_configured(const struct config *config)
{
	return config->ldap.url[0] != '\0';
}

/* Whether the password's file can be read: for the start, and for a configuration read anew. */
bool ldaplogin_check(const struct config *config, struct error *err);

enum ldaplogin_answer {
	LDAPLOGIN_WRONG,    /* no such login, or not its password: told apart by nothing */
	LDAPLOGIN_RIGHT,    /* and, where a group is asked for, a member of it */
	LDAPLOGIN_NO_MEMBER /* right, and not of the group */
};

/*
 * Asks whether the password is the login's; email gets its address, or is empty. A login that is
 * none takes as long as a wrong password. ERROR_AWAY: the directory does not answer.
 */
bool ldaplogin_log_in(const struct config *config, const char *login, const char *password,
    enum ldaplogin_answer *answer, char email[static EMAIL_MOST + 1], struct error *err);

/* Whether the directory has an entry of that login. */
bool ldaplogin_has(const struct config *config, const char *login, bool *has, struct error *err);

#endif
