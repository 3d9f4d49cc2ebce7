#ifndef KABUTO_CHECKOUT_SETTINGS_H
#define KABUTO_CHECKOUT_SETTINGS_H
/*
 * The configuration files for git and hg. Passwords stand in these files and never in an argument,
 * because every process can read arguments.
 */
#include <stdbool.h>

#include "checkout_url.h"
#include "error.h"
#include "proxy.h"

struct checkout_settings {
	const char *path; /* the checkout's folder */
	const struct checkout_url *url;
	const struct proxy *proxy;
	const char *ssh; /* the command, in shell syntax */
};

/* Creates the folder, which must not exist, with these files and an empty folder "tmp". */
bool checkout_settings_write(const struct checkout_settings *settings, struct error *err);

#endif
