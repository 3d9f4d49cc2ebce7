#ifndef KABUTO_CHECKOUT_H
#define KABUTO_CHECKOUT_H
/*
 * Repositories to build from, cloned by git and hg. The URL is a user's: it can name neither an
 * option, nor a file of this machine, nor a host of its own network, unless the configuration says
 * so.
 */
#include <stdbool.h>

#include "config.h"
#include "error.h"

#define CHECKOUT_HOST 256
#define CHECKOUT_USER 512    /* bytes of a user or a password */
#define CHECKOUT_TREE "tree" /* in the folder of a checkout: the clone */

enum checkout_kind { CHECKOUT_GIT, CHECKOUT_HG };

struct checkout_url {
	enum checkout_kind kind;
	char url[2048]; /* as the program gets it: without "git+" or "hg+", user and password */
	/* Of http and https, decoded; they go into a file, since anybody sees arguments. */
	char user[CHECKOUT_USER], password[CHECKOUT_USER];
	char host[CHECKOUT_HOST];
	char port[6]; /* empty: the scheme's own */
	bool ssh;
};

/*
 * Reads a repo_url: "hg+https://…", "git+https://…", "https://….git" (Git), any other "https://…"
 * (Mercurial). ERROR_INPUT where it is none, or its scheme is not among those allowed.
 */
bool checkout_url_parse(struct checkout_url *url, const char *text, const struct text_list *schemes,
    struct error *err);

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
