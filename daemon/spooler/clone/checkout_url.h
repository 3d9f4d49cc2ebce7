#ifndef KABUTO_CHECKOUT_URL_H
#define KABUTO_CHECKOUT_URL_H
/*
 * Reads the URL of a repository. A user wrote it: it can name neither an option of git or hg nor a
 * file of this machine.
 */
#include <stdbool.h>

#include "config.h"
#include "error.h"

#define CHECKOUT_HOST 256
#define CHECKOUT_USER 512    /* bytes of a user or a password */

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

#endif
