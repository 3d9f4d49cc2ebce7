#ifndef KABUTO_HTTP_H
#define KABUTO_HTTP_H
/*
 * Calls of the server's API with libcurl. The token goes only to the server of the settings:
 * redirects are never followed, and only http and https are spoken. libcurl's own variables
 * (http_proxy, https_proxy, no_proxy) hold. Nothing here prints or returns a request's headers.
 *
 * An error's text ends in what to do. Its kind:
 *     ERROR_AWAY         no connection, or it was cut, by the client's side or between the web
 *                        server and Kabuto: the call may have been done
 *     ERROR_BUSY         502, 503, 504; err->retry_after_s if the server says it
 *     ERROR_INTERRUPTED  *http->stop was set
 *     by status          400 INPUT, 401 UNAUTHORIZED, 403 FORBIDDEN, 404 NOT_FOUND, 405 METHOD,
 *                        409 CONFLICT, 410 GONE, 413 TOO_LARGE, 415 MEDIA_TYPE, 416 RANGE,
 *                        422 IMPOSSIBLE, 429 TOO_MANY, 507 NO_SPACE, else SYSTEM
 *     a callback's own   read or write failed
 */
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "httpanswer.h"
#include "httpfields.h"
#include "settings.h"

#define HTTP_KEY 33 /* bytes of an Idempotency-Key, NUL included */

struct http {
	struct settings settings;
	void *easy; /* CURL; keeps its connection from call to call */
	/*
	 * If it is not NULL and becomes true (a signal handler may set it), the call and its
	 * repetitions end with ERROR_INTERRUPTED.
	 */
	const volatile sig_atomic_t *stop;
	int64_t next_after; /* where the list of the last answer with JSON goes on; 0: it ends */
	bool cookies;       /* keep the server's cookies in memory: for kabuto login */
	bool quiet;         /* say nothing on stderr when a call is repeated */
};

/* Reads the settings and makes ready. Connects to nothing. The caller calls http_close. */
bool http_open(struct http *http, struct error *err);

/* The same for a URL that settings_check_url gave; token: NULL for none. */
bool http_open_url(struct http *http, const char *url, const char *token, struct error *err);

/* May be called for a struct of zeros, too. */
void http_close(struct http *http);
#define cleanup_http __attribute__((cleanup(http_close)))

/*
 * Makes one call whose answer is JSON. path begins with "/" and has no query; what is no number in
 * it must be escaped (httpfields_escape). fields (NULL: none) are the query of a GET, HEAD or
 * DELETE, else an urlencoded form.
 *
 * A POST gets a random Idempotency-Key. If no answer came, or it was 502, 503 or 504, the call is
 * repeated for up to 30 s (5 s if no connection can be made) and says so once on stderr. So a POST
 * is done once. A DELETE is not repeated once it may have been done.
 *
 * *answer gets the JSON, which the caller decrefs; NULL: not wanted. Any status but 2xx is an
 * error.
 */
bool http_call(struct http *http, const char *method, const char *path,
    const struct http_fields *fields, json_t **answer, struct error *err);

/* The same without a key and without repetition: for calls with passwords, tokens and views. */
bool http_call_once(struct http *http, const char *method, const char *path,
    const struct http_fields *fields, json_t **answer, struct error *err);

/* A call with a large or slow body or answer. What is zero or NULL is not used. */
struct http_request {
	const char *method;               /* NULL: GET */
	const char *path;                 /* as for http_call, or with a query */
	const struct http_fields *fields; /* as for http_call; not together with read */
	const char *accept;               /* NULL: application/json */
	const char *idempotency_key;
	const char *const *headers; /* more header lines ("Range: bytes=5-"); ends with NULL */

	/* The body: */
	const char *content_type;
	int64_t length; /* of what read gives, in bytes */
	/* Writes up to size bytes to `to`. Returns their number; 0: the end; -1: err is set. */
	ssize_t (*read)(void *context, char *to, size_t size, struct error *err);
	/* Begins again: libcurl sends the body again on a new connection. */
	bool (*rewind)(void *context, struct error *err);

	/* The answer, if its status is 2xx; without write it is kept in answer->body: */
	bool (*write)(void *context, const char *data, size_t length, struct error *err);

	/* Called about once a second, and more often while bytes move. Bytes of the bodies so far;
	 * a total is 0 while it is unknown. */
	void (*progress)(void *context, int64_t sent, int64_t sent_total, int64_t got,
	    int64_t got_total);

	void *context; /* of the callbacks */
	int silent_s;  /* the connection counts as cut if no byte came for so long; 0: 120 */
};

/*
 * Makes one call, once. True: the status is 2xx. False: err is set; if answer->status is not 0, err
 * has the server's words. The caller calls httpanswer_clear in both cases.
 */
bool http_transfer(struct http *http, const struct http_request *request,
    struct http_answer *answer, struct error *err);
/* Makes a random Idempotency-Key. */
void http_make_key(char key[static HTTP_KEY]);

/* Waits, in pieces that *http->stop ends. False with ERROR_INTERRUPTED: it was set. */
bool http_pause(struct http *http, int milliseconds, struct error *err);

#endif
