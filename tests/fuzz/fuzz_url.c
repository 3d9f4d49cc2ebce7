/*
 * A repo_url: what is taken has an allowed scheme and a host that two programs cannot read
 * differently. Input: the schemes that are allowed, the URL.
 */
#include "fuzz.h"

#include <ctype.h>

#include "daemon/spooler/clone/checkout_url.h"

static void
check(const struct checkout_url *url, const char *text)
{
	const char *authority = strstr(url->url, "://");
	size_t length = strcspn(authority + 3, "/");

	assert(strlen(url->url) < sizeof url->url && strstr(text, authority + 3) != NULL);
	assert(url->host[0] != '\0' && url->host[0] != '-');
	for (const char *c = url->host; *c != '\0'; c++)
		assert(isalnum((unsigned char)*c) || strchr("-._:", *c) != NULL);
	for (const char *c = url->port; *c != '\0'; c++)
		assert(isdigit((unsigned char)*c));
	for (const char *c = url->url; *c != '\0'; c++)
		assert(!isspace((unsigned char)*c) && !iscntrl((unsigned char)*c));
	for (const char *c = url->user; *c != '\0'; c++)
		assert((unsigned char)*c >= ' ' && *c != 0x7f);
	for (const char *c = url->password; *c != '\0'; c++)
		assert((unsigned char)*c >= ' ' && *c != 0x7f);
	assert(url->ssh || memchr(authority + 3, '@', length) == NULL);
	/* The host is all that stands behind the only "@", whoever looks for it from which end. */
	assert(authority[3] != '-' && memchr(authority + 3, '\\', length) == NULL);
	assert(memchr(authority + 3, '@', length) == memrchr(authority + 3, '@', length));
	assert(strcspn(authority + 3, "?#") >= length);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char https[] = "https", http[] = "http", ssh[] = "ssh";
	static char *words[] = { https, http, ssh };
	struct input input = { data, size };
	const struct text_list schemes = { words, input_byte(&input) % 4u };
	cleanup_free char *text = input_text(&input, input.size);
	struct checkout_url url;
	struct error err;

	if (checkout_url_parse(&url, text, &schemes, &err))
		check(&url, text);
	else
		assert(strncmp(err.text, "repo_url: ", 10) == 0);
	return 0;
}
