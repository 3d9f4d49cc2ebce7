#ifndef KABUTO_SETTINGS_H
#define KABUTO_SETTINGS_H
/*
 * The server's URL and the API token: KABUTO_URL and KABUTO_TOKEN, or else the file
 * $XDG_CONFIG_HOME/kabuto/config (~/.config/kabuto/config), which kabuto login writes:
 *
 *     url = https://kabuto.example
 *     token = kabuto_...
 *
 * Empty lines and lines that begin with "#" count for nothing. Only its owner may read the file.
 * The token of the file belongs to the URL of the file: KABUTO_URL with another URL needs
 * KABUTO_TOKEN.
 */
#include <stdbool.h>

#include "error.h"

struct settings {
	char *url;   /* without "/" at its end */
	char *token; /* NULL: none */
	bool token_of_environment;
};

/*
 * Reads the settings. On success the caller calls settings_clear. Without a URL err says how to log
 * in.
 */
bool settings_read(struct settings *settings, struct error *err);

/* Wipes and frees the texts. */
void settings_clear(struct settings *settings);
#define cleanup_settings __attribute__((cleanup(settings_clear)))

/*
 * Checks that text is an http or https URL without login, query or fragment. *url gets it without
 * "/" at its end; "http://" is added if there is no scheme. The caller frees it.
 */
bool settings_check_url(const char *text, char **url, struct error *err);

/* Checks that a text can be sent as a token: visible ASCII (RFC 6750, section 2.1). */
bool settings_check_token(const char *token, struct error *err);

/*
 * Writes the file: another file with mode 0600, fsync, rename. Makes its folder (0700) if need be.
 * Either the old or the new content is there whatever happens.
 */
bool settings_write(const char *url, const char *token, struct error *err);

#endif
