#ifndef KABUTO_USERS_H
#define KABUTO_USERS_H
/*
 * kabutoctl user …: the commands that list and change accounts.
 */
#include "ctl.h"

ctl_command users_add;
ctl_command users_list;
ctl_command users_limit;
ctl_command users_disable;
ctl_command users_enable;
ctl_command users_admin;
ctl_command users_password;

#endif
