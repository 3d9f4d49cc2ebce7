#ifndef KABUTO_HTTPANSWER_H
#define KABUTO_HTTPANSWER_H
/*
 * An answer of the server, and what it or its absence means to the user: an error with words and
 * what to do.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "settings.h"

struct http_answer {
	long status; /* 0: no answer came */
	char *head;  /* the header lines; NULL: none */
	size_t head_length;
	char *body; /* what was not given to request->write; ends with NUL, too; NULL: empty */
	size_t body_length;
	bool connected; /* a connection was made: the server may have got the call */
};

/* Frees what it holds. */
void httpanswer_clear(struct http_answer *answer);
#define cleanup_http_answer __attribute__((cleanup(httpanswer_clear)))

/*
 * Copies the value of the header into value, cut to size; its name is compared whatever its case.
 * False: the answer does not have it. request->write may call it for a request whose answer it
 * knows: answer->head is complete then.
 */
bool httpanswer_header(const struct http_answer *answer, const char *name, char *value,
    size_t size);

/*
 * Returns the value of "after" in the Link to the list's next page (RFC 8288); 0: the answer has no
 * such Link, or names no page after an id.
 */
int64_t httpanswer_next_after(const struct http_answer *answer);

/* Sets err to what an answer with an error status or a redirect says. Always returns false. */
bool httpanswer_refused(const struct settings *settings, const struct http_answer *answer,
    struct error *err);

/*
 * Sets err to why there is no answer, or only a part of it. detail is libcurl's text of the error.
 * Always returns false.
 */
bool httpanswer_lost(const char *url, CURLcode result, const char *detail, struct error *err);

/* Sets err: what answers at url is not Kabuto. Always returns false. */
bool httpanswer_foreign(const char *url, struct error *err);

#endif
