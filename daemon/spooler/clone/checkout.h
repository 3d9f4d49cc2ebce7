#ifndef KABUTO_CHECKOUT_H
#define KABUTO_CHECKOUT_H
/*
 * Clones the repository of a build with git or hg. The URL comes from a user: it can never name an
 * option, a file of this machine, or a host of the private network, unless the configuration allows
 * private hosts.
 */
#include <stdbool.h>

#include "checkout_url.h"
#include "config.h"
#include "error.h"

#define CHECKOUT_TREE "tree" /* the clone, inside the checkout's folder */

/*
 * A checkout. checkout_clone creates the folder path, which must not exist, and clones the
 * repository into CHECKOUT_TREE in it; the program's other files are beside the clone. output gets
 * the program's output, one line a call. If stop returns true, the clone ends. ERROR_INPUT: the
 * repository cannot be cloned; the text says why. ERROR_INTERRUPTED: stop returned true.
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
