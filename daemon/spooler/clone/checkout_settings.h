#ifndef KABUTO_CHECKOUT_SETTINGS_H
#define KABUTO_CHECKOUT_SETTINGS_H
/*
 * The files by which git and hg are told how to clone: passwords are in no argument of theirs,
 * which everybody sees.
 */
#include <stdbool.h>

#include "checkout_url.h"
#include "error.h"
#include "proxy.h"

struct checkout_settings {
	const char *path; /* of the checkout's folder */
	const struct checkout_url *url;
	const struct proxy *proxy;
	const char *ssh; /* the command, as a shell reads it */
};

/* Makes the folder, which must not be there yet, with these files and an empty "tmp" in it. */
bool checkout_settings_write(const struct checkout_settings *settings, struct error *err);

#endif
