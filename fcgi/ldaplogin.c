/*
 * Asks the directory by LDAP version 3, with libldap. Each question opens a new connection: log-ins
 * are rare, and a connection that stays open would need supervision.
 */
#include "ldaplogin.h"

#include <ldap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "cleanup.h"
#include "outbound.h"
#include "log.h"
#include "secretfile.h"

#define DN_MOST 1024 /* bytes of an entry's name */

/* One question to the directory: its connection, and the caller's err. */
struct question {
	const struct config *config;
	LDAP *ldap;
	struct error *err;
};

/* Logs the reason of a failure. The client gets a general error. Always false. */
static bool
ldaplogin_fail(struct question *question, const char *doing, int code)
{
	char *more = NULL;

	if (question->ldap != NULL)
		(void)ldap_get_option(question->ldap, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
	log_write(LOG_ERROR, "ldap: %s at %s: %s%s%s", doing, question->config->ldap.url,
	    ldap_err2string(code), more != NULL && more[0] != '\0' ? ", " : "",
	    more != NULL ? more : "");
	ldap_memfree(more);
	return error_set(question->err, ERROR_AWAY,
	    "the account directory (LDAP) does not answer; try again in a moment");
}

static bool
ldaplogin_set_options(struct question *question)
{
	const struct config *config = question->config;
	struct timeval limit = { .tv_sec = (time_t)config->ldap.timeout };
	int version = LDAP_VERSION3, demand = LDAP_OPT_X_TLS_HARD, server = 0;
	LDAP *ldap = question->ldap;

	return ldap_set_option(ldap, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_SUCCESS &&
	    ldap_set_option(ldap, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_SUCCESS &&
	    ldap_set_option(ldap, LDAP_OPT_NETWORK_TIMEOUT, &limit) == LDAP_SUCCESS &&
	    ldap_set_option(ldap, LDAP_OPT_TIMEOUT, &limit) == LDAP_SUCCESS &&
	    ldap_set_option(ldap, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) == LDAP_SUCCESS &&
	    (config->ldap.ca_file[0] == '\0' ||
		ldap_set_option(ldap, LDAP_OPT_X_TLS_CACERTFILE, config->ldap.ca_file) ==
		    LDAP_SUCCESS) &&
	    ldap_set_option(ldap, LDAP_OPT_X_TLS_NEWCTX, &server) == LDAP_SUCCESS;
}

static int
ldaplogin_bind_as(LDAP *ldap, const char *dn, const char *password)
{
	struct berval credentials = { .bv_len = strlen(password),
		.bv_val = (char *)(uintptr_t)password };

	return ldap_sasl_bind_s(ldap, dn, LDAP_SASL_SIMPLE, &credentials, NULL, NULL, NULL);
}

/* Binds as ldap.bind_dn, or anonymously if that is empty. */
static bool
ldaplogin_bind_to_search(struct question *question)
{
	const struct config *config = question->config;
	cleanup_secret char password[SECRET_ROOM] = "";
	int code;

	if (config->ldap.password_file[0] != '\0' &&
	    !secretfile_read(config->ldap.password_file, "ldap.password_file", password,
		question->err))
		return false;
	code = ldaplogin_bind_as(question->ldap, config->ldap.bind_dn, password);
	return code == LDAP_SUCCESS || ldaplogin_fail(question, "bind to search", code);
}

static bool
ldaplogin_open_connection(struct question *question)
{
	const struct config *config = question->config;
	int code = ldap_initialize(&question->ldap, config->ldap.url);

	if (code != LDAP_SUCCESS || !ldaplogin_set_options(question))
		return ldaplogin_fail(question, "connect",
		    code != LDAP_SUCCESS ? code : LDAP_LOCAL_ERROR);
	if (config->ldap.starttls && strncmp(config->ldap.url, "ldap://", 7) == 0) {
		code = ldap_start_tls_s(question->ldap, NULL, NULL);
		if (code != LDAP_SUCCESS)
			return ldaplogin_fail(question, "StartTLS", code);
	}
	return ldaplogin_bind_to_search(question);
}

static void
ldaplogin_close_connection(struct question *question)
{
	if (question->ldap != NULL)
		(void)ldap_unbind_ext_s(question->ldap, NULL, NULL);
}

/* Copies text with its special characters escaped (RFC 4515, section 3). */
static bool
ldaplogin_put_escaped(FILE *to, const char *text)
{
	struct berval plain = { .bv_len = strlen(text), .bv_val = (char *)(uintptr_t)text };
	struct berval escaped = { 0 };

	if (ldap_bv2escaped_filter_value(&plain, &escaped) != 0)
		return false;
	if (escaped.bv_val != NULL)
		(void)fwrite(escaped.bv_val, 1, escaped.bv_len, to);
	if (escaped.bv_val != plain.bv_val)
		ldap_memfree(escaped.bv_val);
	return true;
}

/* Fills {login} and {dn} into the pattern of a filter. The caller frees it. NULL: no memory. */
static char *
ldaplogin_make_filter(const char *pattern, const char *login, const char *dn)
{
	char *filter = NULL;
	size_t length;
	FILE *to = open_memstream(&filter, &length);
	bool done = to != NULL;

	while (done && *pattern != '\0') {
		if (strncmp(pattern, "{login}", 7) == 0) {
			done = ldaplogin_put_escaped(to, login);
			pattern += 7;
		} else if (strncmp(pattern, "{dn}", 4) == 0) {
			done = ldaplogin_put_escaped(to, dn);
			pattern += 4;
		} else {
			fputc(*pattern++, to);
		}
	}
	if (to != NULL && fclose(to) == 0 && done)
		return filter;
	free(filter);
	return NULL;
}

static int
ldaplogin_search(struct question *question, const char *base, int scope, const char *filter,
    LDAPMessage **found)
{
	char *attributes[] = { question->config->ldap.mail_attribute, NULL };

	*found = NULL;
	return ldap_search_ext_s(question->ldap, base, scope, filter, attributes, 0, NULL, NULL,
	    NULL, 2, found);
}

static void
ldaplogin_take_email(struct question *question, LDAPMessage *entry,
    char email[static EMAIL_MOST + 1])
{
	struct berval **values =
	    ldap_get_values_len(question->ldap, entry, question->config->ldap.mail_attribute);
	struct error ignored;

	email[0] = '\0';
	if (values != NULL && values[0] != NULL && values[0]->bv_len <= EMAIL_MOST) {
		memcpy(email, values[0]->bv_val, values[0]->bv_len);
		email[values[0]->bv_len] = '\0';
		if (!account_email_check(email, &ignored))
			email[0] = '\0';
	}
	ldap_value_free_len(values);
}

/* Finds the entry of a login. dn becomes empty if the directory has no or several such entries. */
static bool
ldaplogin_find_entry(struct question *question, const char *login, char dn[static DN_MOST],
    char email[static EMAIL_MOST + 1])
{
	const struct config *config = question->config;
	cleanup_free char *filter = ldaplogin_make_filter(config->ldap.filter, login, "");
	LDAPMessage *found = NULL;
	int code;

	dn[0] = email[0] = '\0';
	if (filter == NULL)
		return error_set(question->err, ERROR_SYSTEM, "search: not enough memory");
	code = ldaplogin_search(question, config->ldap.base, LDAP_SCOPE_SUBTREE, filter, &found);
	if (code == LDAP_SUCCESS && ldap_count_entries(question->ldap, found) == 1) {
		LDAPMessage *entry = ldap_first_entry(question->ldap, found);
		char *name = ldap_get_dn(question->ldap, entry);

		if (name != NULL && strlen(name) < DN_MOST)
			snprintf(dn, DN_MOST, "%s", name);
		ldap_memfree(name);
		ldaplogin_take_email(question, entry, email);
	}
	ldap_msgfree(found);
	return code == LDAP_SUCCESS || code == LDAP_NO_SUCH_OBJECT ||
	    code == LDAP_SIZELIMIT_EXCEEDED || ldaplogin_fail(question, "search", code);
}

static bool
ldaplogin_is_member(struct question *question, const char *login, const char *dn, bool *member)
{
	const struct config *config = question->config;
	cleanup_free char *filter = ldaplogin_make_filter(config->ldap.group_filter, login, dn);
	LDAPMessage *found = NULL;
	int code;

	if (filter == NULL)
		return error_set(question->err, ERROR_SYSTEM, "search: not enough memory");
	code = ldaplogin_search(question, config->ldap.group, LDAP_SCOPE_BASE, filter, &found);
	*member = code == LDAP_SUCCESS && ldap_count_entries(question->ldap, found) == 1;
	ldap_msgfree(found);
	return code == LDAP_SUCCESS || ldaplogin_fail(question, "search the group", code);
}

/*
 * Binds to the entry. If dn is empty, it binds to an entry that does not exist, so that an unknown
 * login takes as long as a wrong password. An empty password is wrong, although the bind succeeds:
 * it is anonymous (RFC 4513, section 5.1.2).
 */
static bool
ldaplogin_try_password(struct question *question, const char *dn, const char *password, bool *right)
{
	char nobody[DN_MOST];
	int code;

	snprintf(nobody, sizeof nobody, "cn=nobody-of-kabuto,%s", question->config->ldap.base);
	code = ldaplogin_bind_as(question->ldap, dn[0] != '\0' ? dn : nobody, password);
	*right = code == LDAP_SUCCESS && dn[0] != '\0' && password[0] != '\0';
	if (code == LDAP_SUCCESS || code == LDAP_INVALID_CREDENTIALS ||
	    code == LDAP_NO_SUCH_OBJECT || code == LDAP_INVALID_DN_SYNTAX ||
	    code == LDAP_INAPPROPRIATE_AUTH || code == LDAP_UNWILLING_TO_PERFORM ||
	    code == LDAP_CONSTRAINT_VIOLATION)
		return true;
	return ldaplogin_fail(question, "bind", code);
}

static bool
ldaplogin_ask(struct question *question, const char *login, const char *password,
    enum ldaplogin_answer *answer, char email[static EMAIL_MOST + 1])
{
	char dn[DN_MOST];
	bool right = false, member = true;

	if (!ldaplogin_open_connection(question) ||
	    !ldaplogin_find_entry(question, login, dn, email) ||
	    !ldaplogin_try_password(question, dn, password, &right))
		return false;
	if (right && question->config->ldap.group[0] != '\0' &&
	    (!ldaplogin_bind_to_search(question) ||
		!ldaplogin_is_member(question, login, dn, &member)))
		return false;
	*answer = !right ? LDAPLOGIN_WRONG : member ? LDAPLOGIN_RIGHT : LDAPLOGIN_NO_MEMBER;
	return true;
}

/* Counts the questions of this process. */
static struct outbound asking;

bool
ldaplogin_log_in(const struct config *config, const char *login, const char *password,
    enum ldaplogin_answer *answer, char email[static EMAIL_MOST + 1], struct error *err)
{
	struct question question = { .config = config, .err = err };
	bool done;

	if (!outbound_enter(&asking, err))
		return false;
	done = ldaplogin_ask(&question, login, password, answer, email);
	ldaplogin_close_connection(&question);
	outbound_leave(&asking);
	return done;
}

bool
ldaplogin_has(const struct config *config, const char *login, bool *has, struct error *err)
{
	struct question question = { .config = config, .err = err };
	char dn[DN_MOST], email[EMAIL_MOST + 1];
	bool done;

	if (!outbound_enter(&asking, err))
		return false;
	done = ldaplogin_open_connection(&question) &&
	    ldaplogin_find_entry(&question, login, dn, email);
	ldaplogin_close_connection(&question);
	outbound_leave(&asking);
	*has = done && dn[0] != '\0';
	return done;
}

bool
ldaplogin_check(const struct config *config, struct error *err)
{
	cleanup_secret char password[SECRET_ROOM];

	return !ldaplogin_configured(config) || config->ldap.password_file[0] == '\0' ||
	    secretfile_read(config->ldap.password_file, "ldap.password_file", password, err);
}
