/*
 * Parses a repo_url. The program that gets it parses it again, by its own rules. So this parser
 * rejects everything that two parsers could understand differently: the authority may contain only
 * a few characters.
 */
#include "checkout_url.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"
#define USER    LETTERS DIGITS "-._~%!$&'()*+,;=:" /* RFC 3986, section 3.2.1 */
#define NAME    LETTERS DIGITS "-._"
#define ADDRESS DIGITS "abcdefABCDEF:."

static bool
checkout_url_has_prefix(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static bool
checkout_url_has_suffix(const char *text, const char *suffix)
{
	size_t length = strlen(text), size = strlen(suffix);

	return length >= size && strcmp(text + length - size, suffix) == 0;
}

/*
 * Reads the host at text (an IPv6 address stands in brackets). Returns the text after the host;
 * NULL: not a host.
 */
static const char *
checkout_url_read_host(const char *text, char host[static CHECKOUT_HOST])
{
	bool address = *text == '[';
	const char *begin = text + address;
	size_t length = strspn(begin, address ? ADDRESS : NAME);

	if (length == 0 || length >= CHECKOUT_HOST || *begin == '-' ||
	    (address && begin[length] != ']'))
		return NULL;
	memcpy(host, begin, length);
	host[length] = '\0';
	return begin + length + address;
}

static int
checkout_url_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0'
	    : c >= 'a' && c <= 'f'  ? c - 'a' + 10
	    : c >= 'A' && c <= 'F'  ? c - 'A' + 10
				    : -1;
}

/* Decodes %XX. Returns false if the result is too long or contains an unprintable character. */
static bool
checkout_url_decode(const char *text, size_t length, char to[static CHECKOUT_USER])
{
	size_t at = 0;

	for (size_t i = 0; i < length; i++) {
		int c = (unsigned char)text[i];

		if (c == '%' && i + 2 < length && checkout_url_digit(text[i + 1]) >= 0 &&
		    checkout_url_digit(text[i + 2]) >= 0) {
			c = checkout_url_digit(text[i + 1]) * 16 + checkout_url_digit(text[i + 2]);
			i += 2;
		}
		if (c < ' ' || c == 0x7f || at + 1 == CHECKOUT_USER)
			return false;
		to[at++] = (char)c;
	}
	to[at] = '\0';
	return true;
}

/* Reads "user:password" for http. The program gets them in a file. */
static bool
checkout_url_read_user(const char *text, size_t length, struct checkout_url *url)
{
	const char *colon = memchr(text, ':', length);
	size_t user = colon == NULL ? length : (size_t)(colon - text);

	return user > 0 && checkout_url_decode(text, user, url->user) &&
	    (colon == NULL || checkout_url_decode(colon + 1, length - user - 1, url->password));
}

/*
 * RFC 3986, section 3.2: "user:password@host:port". The user for ssh is a part of an argument too.
 */
static bool
checkout_url_read_authority(const char *text, struct checkout_url *url)
{
	size_t user = strspn(text, USER), digits;

	if (text[user] == '@') {
		if (user == 0 || *text == '-' || (url->ssh && strspn(text, NAME) != user) ||
		    (!url->ssh && !checkout_url_read_user(text, user, url)))
			return false;
		text += user + 1;
	}
	text = checkout_url_read_host(text, url->host);
	if (text == NULL)
		return false;
	if (*text == ':') {
		digits = strspn(++text, DIGITS);
		if (digits == 0 || digits >= sizeof url->port)
			return false;
		memcpy(url->port, text, digits);
		text += digits;
	}
	return *text == '/' || *text == '\0';
}

bool
checkout_url_parse(struct checkout_url *url, const char *text, const struct text_list *schemes,
    struct error *err)
{
	/* curl's -d sends "+" unchanged, and in a form "+" means a space. */
	bool git = checkout_url_has_prefix(text, "git+") || checkout_url_has_prefix(text, "git ");
	bool hg = checkout_url_has_prefix(text, "hg+") || checkout_url_has_prefix(text, "hg ");
	const char *rest = text + (git ? 4 : hg ? 3 : 0);
	const char *colon = strstr(rest, "://");
	cleanup_free char *scheme = colon == NULL ? NULL : strndup(rest, (size_t)(colon - rest));

	for (const char *c = rest; *c != '\0'; c++)
		if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c))
			return error_set(err, ERROR_INPUT,
			    "repo_url: must not contain white space");
	if (scheme == NULL || strlen(rest) >= sizeof url->url)
		return error_set(err, ERROR_INPUT,
		    "repo_url: must be a URL like https://host/path");
	for (char *c = scheme; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	if (!config_list_has(schemes, scheme))
		return error_set(err, ERROR_INPUT, "repo_url: the scheme '%s' is not allowed here",
		    scheme);
	*url = (struct checkout_url){ .ssh = strcmp(scheme, "ssh") == 0 };
	if (!checkout_url_read_authority(colon + 3, url))
		return error_set(err, ERROR_INPUT,
		    "repo_url: must have a host after '://' (like host or user@host:port), and then '/' and a path");
	snprintf(url->url, sizeof url->url, "%.*s://%s", (int)(colon - rest), rest,
	    url->user[0] != '\0' ? strchr(colon, '@') + 1 : colon + 3);
	url->kind =
	    git || (!hg && checkout_url_has_suffix(rest, ".git")) ? CHECKOUT_GIT : CHECKOUT_HG;
	return true;
}
