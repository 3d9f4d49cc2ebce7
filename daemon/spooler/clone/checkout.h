#ifndef KABUTO_CHECKOUT_H
#define KABUTO_CHECKOUT_H
/*
 * Repositories to build from, cloned by git and hg. The URL is a user's: it can name neither an
 * option, nor a file of this machine, nor a host of its own network, unless the configuration says
 * so.
 */
#include <stdbool.h>

#include "checkout_url.h"
#include "config.h"
#include "error.h"

#define CHECKOUT_TREE "tree" /* in the folder of a checkout: the clone */

/*
 * Makes the folder path, which must not exist, and clones the repository into CHECKOUT_TREE in it,
 * beside what the program needs for it. What the program says goes to output, a line at a time.
 * ERROR_INPUT says why it cannot be cloned; ERROR_INTERRUPTED: stop said so.
 */
struct checkout {
	const struct config *config;
	const char *path;
	bool (*stop)(void *context);
	void (*output)(void *context, const char *line);
	void *context;
};
bool checkout_clone(const struct checkout *checkout, const struct checkout_url *url,
    struct error *err);

#endif
