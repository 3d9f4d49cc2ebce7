#ifndef KABUTO_LDAPLOGIN_H
#define KABUTO_LDAPLOGIN_H
/*
 * Checks passwords with an LDAP directory: searches for the login's entry, and binds to the entry
 * with the password.
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

/*
 * Checks that ldap.password_file can be read. Called at the start and when the configuration is
 * reloaded.
 */
bool ldaplogin_check(const struct config *config, struct error *err);

enum ldaplogin_answer {
	LDAPLOGIN_WRONG,    /* unknown login or wrong password: these are not told apart */
	LDAPLOGIN_RIGHT,    /* right password, and a member of ldap.group, if that is set */
	LDAPLOGIN_NO_MEMBER /* right password, but not a member of ldap.group */
};

/*
 * Sets *answer to whether the password is right, and email to the entry's address, or to "". An
 * unknown login takes as long as a wrong password. ERROR_AWAY: the directory does not answer.
 * ERROR_BUSY: too many questions at a time.
 */
bool ldaplogin_log_in(const struct config *config, const char *login, const char *password,
    enum ldaplogin_answer *answer, char email[static EMAIL_MOST + 1], struct error *err);

/*
 * Sets *has to whether the directory has an entry for that login. Errors as for ldaplogin_log_in.
 */
bool ldaplogin_has(const struct config *config, const char *login, bool *has, struct error *err);

#endif
