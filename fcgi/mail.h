#ifndef KABUTO_MAIL_H
#define KABUTO_MAIL_H
/*
 * The mail that lets somebody confirm an account (registration = "mail"), by SMTP.
 */
#include <stdbool.h>

#include "config.h"
#include "error.h"

/*
 * Whether mail could be sent as far as this machine can tell: the template and the password's file
 * can be read. For the start, and for a configuration that is read anew.
 */
bool mail_check(const struct config *config, struct error *err);

/* Whether an address can stand in SMTP's commands as it is: one mailbox, without quotes or spaces.
 */
bool mail_address_check(const char *address, struct error *err);

/*
 * Sends the mail with the token that confirms the account login to the address, and waits until the
 * server has taken it. ERROR_AWAY with a text for the client where it has not; the log has the
 * reason.
 */
bool mail_send_token(const struct config *config, const char *login, const char *address,
    const char *token, struct error *err);

#endif
