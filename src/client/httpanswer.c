/*
 * Puts HTTP statuses and libcurl's errors into words.
 */
#include "httpanswer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "number.h"

#define CHECK_URL "check the URL (kabuto login URL, or KABUTO_URL)"

void
httpanswer_clear(struct http_answer *answer)
{
	free(answer->head);
	free(answer->body);
	*answer = (struct http_answer){ 0 };
}

bool
httpanswer_header(const struct http_answer *answer, const char *name, char *value, size_t size)
{
	size_t length = strlen(name);

	for (const char *line = answer->head; line != NULL; line = strchr(line, '\n')) {
		size_t end;

		line += line[0] == '\n';
		if (strncasecmp(line, name, length) != 0 || line[length] != ':')
			continue;
		line += length + 1;
		line += strspn(line, " \t");
		end = strcspn(line, "\r\n");
		while (end > 0 && strchr(" \t", line[end - 1]) != NULL)
			end--;
		snprintf(value, size, "%.*s", (int)end, line);
		return true;
	}
	return false;
}

static enum error_kind
httpanswer_kind(long status)
{
	static const struct {
		long status;
		enum error_kind kind;
	} kinds[] = {
		{ 400, ERROR_INPUT },
		{ 401, ERROR_UNAUTHORIZED },
		{ 403, ERROR_FORBIDDEN },
		{ 404, ERROR_NOT_FOUND },
		{ 405, ERROR_METHOD },
		{ 408, ERROR_AWAY },
		{ 409, ERROR_CONFLICT },
		{ 410, ERROR_GONE },
		{ 413, ERROR_TOO_LARGE },
		{ 415, ERROR_MEDIA_TYPE },
		{ 416, ERROR_RANGE },
		{ 422, ERROR_IMPOSSIBLE },
		{ 429, ERROR_TOO_MANY },
		{ 502, ERROR_BUSY },
		{ 503, ERROR_BUSY },
		{ 504, ERROR_BUSY },
		{ 507, ERROR_NO_SPACE },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (kinds[i].status == status)
			return kinds[i].kind;
	return ERROR_SYSTEM;
}

/* Returns the server's words if the body is {"error": ...}; else NULL. */
static const char *
httpanswer_words(json_t *json)
{
	const char *words = NULL;

	(void)json_unpack(json, "{s:s}", "error", &words);
	return words;
}

/*
 * Whether the web server, not Kabuto, made this answer because Kabuto ended while it handled the
 * call. lighttpd sends 500 then, with the page of etc/lighttpd-errors.
 */
static bool
httpanswer_is_cut(const struct http_answer *answer, json_t *json)
{
	return answer->status == 500 && json_is_string(json_object_get(json, "server"));
}

/* Sets err for an answer that has no words of Kabuto. */
static bool
httpanswer_wordless(const struct settings *settings, const struct http_answer *answer,
    struct error *err)
{
	switch (answer->status) {
	case 502:
	case 503:
	case 504:
		return error_set(err, ERROR_BUSY,
		    "the web server at %s answers, but Kabuto behind it does not (HTTP %ld): try again in a minute",
		    settings->url, answer->status);
	case 408:
		return error_set(err, ERROR_AWAY,
		    "the web server at %s waited too long for the next bytes (HTTP 408): check the network, and try again",
		    settings->url);
	case 413:
		return error_set(err, ERROR_TOO_LARGE,
		    "the files are larger than the web server at %s accepts (HTTP 413)",
		    settings->url);
	default:
		return error_set(err, httpanswer_kind(answer->status),
		    "%s answered with HTTP %ld and without Kabuto's words: " CHECK_URL,
		    settings->url, answer->status);
	}
}

/* Returns the seconds of the header Retry-After; 0: the answer does not have it. */
static int
httpanswer_retry_after(const struct http_answer *answer)
{
	char value[16];
	int64_t seconds;

	return httpanswer_header(answer, "Retry-After", value, sizeof value) &&
		number_parse_integer(value, &seconds) && seconds > 0 && seconds < 1000000
	    ? (int)seconds
	    : 0;
}

int64_t
httpanswer_next_after(const struct http_answer *answer)
{
	char link[4096], number[24];
	const char *after;
	int64_t id;

	if (!httpanswer_header(answer, "Link", link, sizeof link) ||
	    strstr(link, "rel=\"next\"") == NULL)
		return 0;
	after = strstr(link, "&after=");
	if (after == NULL)
		after = strstr(link, "?after=");
	if (after == NULL)
		return 0;
	after += strlen("&after=");
	snprintf(number, sizeof number, "%.*s", (int)strspn(after, "0123456789"), after);
	return number_parse_integer(number, &id) ? id : 0;
}

bool
httpanswer_refused(const struct settings *settings, const struct http_answer *answer,
    struct error *err)
{
	cleanup_json json_t *json =
	    answer->body == NULL ? NULL : json_loadb(answer->body, answer->body_length, 0, NULL);
	const char *words = httpanswer_words(json);
	char location[512];

	if (answer->status >= 300 && answer->status < 400)
		return error_set(err, ERROR_SYSTEM,
		    "%s sends to another address, which gets no token: %s; if that is the server, run 'kabuto login' with its URL",
		    settings->url,
		    httpanswer_header(answer, "Location", location, sizeof location) ? location
										     : "none");
	if (words == NULL)
		httpanswer_wordless(settings, answer, err);
	else if (httpanswer_is_cut(answer, json))
		error_set(err, ERROR_AWAY, "%s", words);
	else if (answer->status == 404 && strcmp(words, "no such path") == 0)
		error_set(err, ERROR_NOT_FOUND, "%s has no such path: " CHECK_URL, settings->url);
	else if (answer->status == 401 && settings->token_of_environment)
		error_set(err, ERROR_UNAUTHORIZED,
		    "KABUTO_TOKEN is not a token of %s, or has expired: make one with 'kabuto token create', or on the page Account",
		    settings->url);
	else if (answer->status == 401 && settings->token != NULL)
		error_set(err, ERROR_UNAUTHORIZED,
		    "the stored token is not valid at %s any more: run 'kabuto login'",
		    settings->url);
	else if (answer->status == 401)
		error_set(err, ERROR_UNAUTHORIZED, "no token for %s: run 'kabuto login'",
		    settings->url);
	else
		error_set(err, httpanswer_kind(answer->status), "%s", words);
	err->retry_after_s = httpanswer_retry_after(answer);
	return false;
}

bool
httpanswer_foreign(const char *url, struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "what answers at %s is not Kabuto: " CHECK_URL, url);
}

bool
httpanswer_lost(const char *url, CURLcode result, const char *detail, struct error *err)
{
	switch (result) {
	case CURLE_UNSUPPORTED_PROTOCOL: /* not HTTP/1.0 or later */
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_OUT_OF_MEMORY: /* libcurl 7: also for a header line of over 100 KB */
		return httpanswer_foreign(url, err);
	case CURLE_URL_MALFORMAT:
		return error_set(err, ERROR_INPUT, "%s is not a URL: " CHECK_URL, url);
	case CURLE_COULDNT_RESOLVE_PROXY:
		return error_set(err, ERROR_AWAY,
		    "the proxy's host is unknown: check the variables http_proxy and https_proxy");
	case CURLE_COULDNT_RESOLVE_HOST:
		return error_set(err, ERROR_AWAY,
		    "the host of %s is unknown: check the network, and " CHECK_URL, url);
	case CURLE_COULDNT_CONNECT:
		return error_set(err, ERROR_AWAY,
		    "no server answers at %s (%s): check the network, and " CHECK_URL, url, detail);
	case CURLE_OPERATION_TIMEDOUT:
		return error_set(err, ERROR_AWAY,
		    "%s does not answer in time (%s): check the network, and try again", url,
		    detail);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return error_set(err, ERROR_FORBIDDEN,
		    "the certificate of %s is not valid (%s): ask who runs the server; SSL_CERT_FILE names a file with other authorities",
		    url, detail);
	case CURLE_SSL_CONNECT_ERROR:
		return error_set(err, ERROR_AWAY,
		    "no secure connection to %s (%s): does the server speak https there? " CHECK_URL,
		    url, detail);
	default:
		return error_set(err, ERROR_AWAY,
		    "the connection to %s was cut (%s): check the network, and try again", url,
		    detail);
	}
}
