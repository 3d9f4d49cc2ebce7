#ifndef KABUTO_MAIL_H
#define KABUTO_MAIL_H
/*
 * Sends the mail with which a user confirms an account (registration = "mail"), by SMTP.
 */
#include <stdbool.h>

#include "config.h"
#include "error.h"

/*
 * Checks that the template and the password file can be read. It does not ask the mail server.
 * Called at the start and when the configuration is reloaded.
 */
bool mail_check(const struct config *config, struct error *err);

/*
 * Checks that SMTP's commands can contain the address as it is: one mailbox, no quotes or spaces.
 */
bool mail_address_check(const char *address, struct error *err);

/*
 * Sends the mail with the token that confirms the account `login` to the address. Waits until the
 * mail server has accepted it. ERROR_AWAY: it did not accept it; the log has the reason.
 * ERROR_BUSY: too many mails at a time.
 */
bool mail_send_token(const struct config *config, const char *login, const char *address,
    const char *token, struct error *err);

#endif
