#ifndef KABUTO_CHECKOUT_URL_H
#define KABUTO_CHECKOUT_URL_H
/*
 * Parses the URL of a repository. The URL comes from a user: it can never name an option of git or
 * hg, or a file of this machine.
 */
#include <stdbool.h>

#include "config.h"
#include "error.h"

#define CHECKOUT_HOST 256
#define CHECKOUT_USER 512 /* bytes of a user name or a password */

enum checkout_kind { CHECKOUT_GIT, CHECKOUT_HG };

struct checkout_url {
	enum checkout_kind kind;
	char url[2048]; /* the program's argument: without "git+" or "hg+", user and password */
	/*
	 * For http and https, decoded. They go into a file, because every process can read
	 * arguments.
	 */
	char user[CHECKOUT_USER], password[CHECKOUT_USER];
	char host[CHECKOUT_HOST];
	char port[6]; /* empty: the scheme's default */
	bool ssh;
};

/*
 * Parses a repo_url: "hg+https://…", "git+https://…", "https://….git" (Git), any other "https://…"
 * (Mercurial). ERROR_INPUT: it is not a URL, or schemes does not contain its scheme.
 */
bool checkout_url_parse(struct checkout_url *url, const char *text, const struct text_list *schemes,
    struct error *err);

#endif
