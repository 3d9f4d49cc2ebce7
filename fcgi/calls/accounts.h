#ifndef KABUTO_ACCOUNTS_H
#define KABUTO_ACCOUNTS_H
/*
 * Handlers of /register, /login, /logout, / and /account.
 */
#include "route.h"

handler accounts_register, accounts_confirm, accounts_login, accounts_logout, accounts_hello,
    accounts_show, accounts_password;

extern const struct parameter accounts_register_parameters[], accounts_login_parameters[],
    accounts_password_parameters[];

#endif
