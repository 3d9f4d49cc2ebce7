/*
 * Makes calls with libcurl: one easy handle, one call at a time.
 */
#include "http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "display.h"
#include "httpanswer.h"

#define CONNECT_S   15L
#define SILENT_S    120
#define STOPPED_MS  10000              /* libcurl reports its progress at least every second */
#define REPEAT_MS   30000              /* a call is repeated for so long */
#define CONNECT_MS  5000               /* the same, while no connection can be made */
#define HEAD_MOST   (64 * 1024)        /* bytes of an answer's header lines */
#define ANSWER_MOST (64 * 1024 * 1024) /* bytes of an answer that is kept in memory */
#define ERROR_MOST  (64 * 1024)        /* bytes of an answer with an error that are kept */

/* A running call. */
struct transfer {
	struct http *http;
	const struct http_request *request;
	struct http_answer *answer;
	struct error *err;
	bool failed;      /* a callback has set err */
	curl_off_t moved; /* bytes sent and received */
	int64_t moved_ms; /* clock_monotonic_ms when that grew, or a callback had them, last */
	int64_t seen_ms;  /* the same when libcurl reported its progress last */
	bool silent;      /* the call ends because that is long ago */
	char detail[CURL_ERROR_SIZE];
};

bool
http_open_url(struct http *http, const char *url, const char *token, struct error *err)
{
	*http = (struct http){ .settings = { .url = strdup(url),
				   .token = token != NULL ? strdup(token) : NULL } };
	http->easy = curl_easy_init();
	if (http->settings.url != NULL && (token == NULL || http->settings.token != NULL) &&
	    http->easy != NULL)
		return true;
	http_close(http);
	return error_set(err, ERROR_SYSTEM, "not enough memory");
}

bool
http_open(struct http *http, struct error *err)
{
	cleanup_settings struct settings settings = { 0 };

	*http = (struct http){ 0 };
	if (!settings_read(&settings, err) ||
	    !http_open_url(http, settings.url, settings.token, err))
		return false;
	http->settings.token_of_environment = settings.token_of_environment;
	return true;
}

void
http_close(struct http *http)
{
	curl_easy_cleanup(http->easy);
	settings_clear(&http->settings);
	*http = (struct http){ 0 };
}

void
http_make_key(char key[static HTTP_KEY])
{
	unsigned char bytes[(HTTP_KEY - 1) / 2];

	while (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		continue;
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(key + 2 * i, 3, "%02x", bytes[i]);
}

static bool
http_is_stopped(const struct http *http)
{
	return http->stop != NULL && *http->stop != 0;
}

static bool
http_interrupted(struct error *err)
{
	return error_set(err, ERROR_INTERRUPTED, "interrupted");
}

bool
http_pause(struct http *http, int milliseconds, struct error *err)
{
	const struct timespec piece = { .tv_nsec = 50 * 1000 * 1000 };

	for (int left = milliseconds; left > 0 && !http_is_stopped(http); left -= 50)
		(void)nanosleep(&piece, NULL); /* a signal may have ended it: look at stop */
	return !http_is_stopped(http) || http_interrupted(err);
}

/* libcurl's callbacks */

/* Adds data and a NUL to *text. False: more than most bytes, or no memory. */
static bool
http_hold(char **text, size_t *length, const char *data, size_t more, size_t most)
{
	char *grown;

	if (*length + more > most)
		return false;
	/* Room in steps, so that a long answer is not copied for each piece. */
	if (*text == NULL || (*length | 0xffff) != ((*length + more) | 0xffff)) {
		grown = realloc(*text, ((*length + more) | 0xffff) + 1 + 1);
		if (grown == NULL)
			return false;
		*text = grown;
	}
	memcpy(*text + *length, data, more);
	*length += more;
	(*text)[*length] = '\0';
	return true;
}

static size_t
http_on_header(char *data, size_t one, size_t length, void *context)
{
	struct transfer *transfer = context;
	struct http_answer *answer = transfer->answer;

	(void)one;
	/* An answer 100 (Continue) comes before the final one. */
	if (length > 5 && strncmp(data, "HTTP/", 5) == 0)
		answer->head_length = 0;
	if (http_hold(&answer->head, &answer->head_length, data, length, HEAD_MOST))
		return length;
	transfer->failed = true;
	httpanswer_foreign(transfer->http->settings.url, transfer->err);
	return 0;
}

static size_t
http_on_write(char *data, size_t one, size_t length, void *context)
{
	struct transfer *transfer = context;
	const struct http_request *request = transfer->request;
	struct http_answer *answer = transfer->answer;

	(void)one;
	curl_easy_getinfo(transfer->http->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	if (answer->status < 200 || answer->status > 299) {
		size_t room = ERROR_MOST - answer->body_length;

		(void)http_hold(&answer->body, &answer->body_length, data,
		    length < room ? length : room, ERROR_MOST);
		return length;
	}
	if (request->write != NULL)
		transfer->failed = !request->write(request->context, data, length, transfer->err);
	else if (!http_hold(&answer->body, &answer->body_length, data, length, ANSWER_MOST))
		transfer->failed = !error_set(transfer->err, ERROR_SYSTEM,
		    "the answer of %s is too large to be Kabuto's", transfer->http->settings.url);
	transfer->moved_ms = clock_monotonic_ms(); /* the callback may have waited */
	return transfer->failed ? 0 : length;
}

static size_t
http_on_read(char *to, size_t one, size_t size, void *context)
{
	struct transfer *transfer = context;
	const struct http_request *request = transfer->request;
	ssize_t length = request->read(request->context, to, one * size, transfer->err);

	transfer->failed = length < 0;
	return length < 0 ? CURL_READFUNC_ABORT : (size_t)length;
}

static int
http_on_rewind(void *context, curl_off_t offset, int origin)
{
	struct transfer *transfer = context;
	const struct http_request *request = transfer->request;

	if (offset != 0 || origin != SEEK_SET || request->rewind == NULL)
		return CURL_SEEKFUNC_FAIL;
	transfer->failed = !request->rewind(request->context, transfer->err);
	return transfer->failed ? CURL_SEEKFUNC_FAIL : CURL_SEEKFUNC_OK;
}

/*
 * Returns how long a connection may be silent. libcurl's CURLOPT_LOW_SPEED_TIME is not for this: it
 * takes one byte in 15 s, which keeps a stream of events alive, for none.
 */
static int64_t
http_silence_ms(const struct transfer *transfer)
{
	const int silent_s = transfer->request->silent_s;

	return (silent_s > 0 ? silent_s : SILENT_S) * MS_PER_S;
}

static int
http_on_progress(void *context, curl_off_t got_total, curl_off_t got, curl_off_t sent_total,
    curl_off_t sent)
{
	struct transfer *transfer = context;
	int64_t now_ms;

	if (transfer->request->progress != NULL)
		transfer->request->progress(transfer->request->context, sent, sent_total, got,
		    got_total);
	if (http_is_stopped(transfer->http))
		return 1;
	now_ms = clock_monotonic_ms();
	/* What came while the program was stopped (SIGSTOP) is still to be read. */
	if (sent + got != transfer->moved || now_ms - transfer->seen_ms > STOPPED_MS) {
		transfer->moved = sent + got;
		transfer->moved_ms = now_ms;
	}
	transfer->seen_ms = now_ms;
	transfer->silent = now_ms - transfer->moved_ms > http_silence_ms(transfer);
	return transfer->silent;
}

/* One transfer */

static bool
http_add_line(struct curl_slist **lines, const char *name, const char *value)
{
	char line[4096 + 64];
	struct curl_slist *more;

	if (value == NULL)
		return true;
	if ((size_t)snprintf(line, sizeof line, "%s: %s", name, value) >= sizeof line)
		return false;
	more = curl_slist_append(*lines, line);
	explicit_bzero(line, sizeof line);
	if (more != NULL)
		*lines = more;
	return more != NULL;
}

static bool
http_make_lines(const struct transfer *transfer, struct curl_slist **lines)
{
	const struct http_request *request = transfer->request;
	const char *token = transfer->http->settings.token;
	char bearer[4096];
	bool done;

	done = (size_t)snprintf(bearer, sizeof bearer, "Bearer %s", token != NULL ? token : "") <
		sizeof bearer &&
	    http_add_line(lines, "Authorization", token != NULL ? bearer : NULL) &&
	    http_add_line(lines, "Accept",
		request->accept != NULL ? request->accept : "application/json") &&
	    http_add_line(lines, "Content-Type", request->content_type) &&
	    http_add_line(lines, "Idempotency-Key", request->idempotency_key);
	explicit_bzero(bearer, sizeof bearer);
	for (size_t i = 0; done && request->headers != NULL && request->headers[i] != NULL; i++) {
		struct curl_slist *more = curl_slist_append(*lines, request->headers[i]);

		done = more != NULL;
		*lines = more != NULL ? more : *lines;
	}
	return done;
}

static void
http_free_lines(struct curl_slist *lines)
{
	for (struct curl_slist *line = lines; line != NULL; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(lines);
}

/* Whether the fields are the query, not the body. */
static bool
http_has_query(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
	    strcmp(method, "DELETE") == 0;
}

static void
http_set_body(CURL *easy, struct transfer *transfer, const char *form)
{
	const struct http_request *request = transfer->request;

	if (request->read != NULL) {
		curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->length);
		curl_easy_setopt(easy, CURLOPT_READFUNCTION, http_on_read);
		curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
		curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, http_on_rewind);
		curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer);
	} else if (form != NULL) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(form));
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, form);
	}
}

/* As in the program curl, the variables name a file of authorities in place of the system's. */
static void
http_set_authorities(CURL *easy)
{
	const char *file = getenv("CURL_CA_BUNDLE");

	if (file == NULL || file[0] == '\0')
		file = getenv("SSL_CERT_FILE");
	if (file != NULL && file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, file);
}

static bool
http_prepare(struct transfer *transfer, const char *url, const char *form, struct curl_slist *lines)
{
	const struct http_request *request = transfer->request;
	const char *method = request->method != NULL ? request->method : "GET";
	CURL *easy = transfer->http->easy;

	curl_easy_reset(easy);
	if (curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK)
		return false;
	http_set_body(easy, transfer, form);
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else if (curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) != CURLE_OK)
		return false;
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#endif
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "kabuto/" PACKAGE_VERSION);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->detail);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, http_on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_on_write);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, http_on_progress);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, transfer);
	if (transfer->http->cookies)
		curl_easy_setopt(easy, CURLOPT_COOKIEFILE, "");
	http_set_authorities(easy);
	return true;
}

/* Runs the prepared transfer, and sets err if it has no answer with a status of 2xx. */
static bool
http_perform(struct transfer *transfer)
{
	struct http *http = transfer->http;
	struct http_answer *answer = transfer->answer;
	struct error *err = transfer->err;
	CURLcode result = curl_easy_perform(http->easy);
	curl_off_t connected = 0;

	curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	curl_easy_getinfo(http->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
	answer->connected = connected > 0;
	if (answer->status < 200)
		answer->status = 0; /* none, or only 100 (Continue) */
	if (transfer->failed)
		return false;
	if (http_is_stopped(http))
		return http_interrupted(err);
	if (transfer->silent) {
		answer->status = 0;
		return httpanswer_lost(http->settings.url, CURLE_OPERATION_TIMEDOUT, "it is silent",
		    err);
	}
	/* A server that refuses an upload may close the connection before all is sent. */
	if (result == CURLE_SEND_ERROR && answer->status >= 300)
		return httpanswer_refused(&http->settings, answer, err);
	if (result != CURLE_OK) {
		answer->status = 0;
		return httpanswer_lost(http->settings.url, result,
		    transfer->detail[0] != '\0' ? transfer->detail : curl_easy_strerror(result),
		    err);
	}
	return answer->status <= 299 || httpanswer_refused(&http->settings, answer, err);
}

bool
http_transfer(struct http *http, const struct http_request *request, struct http_answer *answer,
    struct error *err)
{
	struct transfer transfer = { .http = http,
		.request = request,
		.answer = answer,
		.err = err,
		.moved_ms = clock_monotonic_ms(),
		.seen_ms = clock_monotonic_ms() };
	const char *method = request->method != NULL ? request->method : "GET";
	cleanup_free char *encoded = httpfields_encode(request->fields), *url = NULL;
	bool query = request->fields != NULL && http_has_query(method);
	struct curl_slist *lines = NULL;
	bool done;

	*answer = (struct http_answer){ 0 };
	if (http_is_stopped(http))
		return http_interrupted(err);
	if (encoded == NULL ||
	    asprintf(&url, "%s%s%s%s", http->settings.url, request->path,
		!query || encoded[0] == '\0'             ? ""
		    : strchr(request->path, '?') != NULL ? "&"
							 : "?",
		query ? encoded : "") < 0)
		return error_set(err, ERROR_SYSTEM, "not enough memory");
	if (http_make_lines(&transfer, &lines) &&
	    http_prepare(&transfer, url, http_has_query(method) ? NULL : encoded, lines))
		done = http_perform(&transfer);
	else
		done = error_set(err, ERROR_SYSTEM, "not enough memory, or the token is too long");
	http_free_lines(lines);
	/* libcurl must not keep pointers into this frame. */
	curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(http->easy, CURLOPT_ERRORBUFFER, NULL);
	if (encoded != NULL)
		explicit_bzero(encoded, strlen(encoded));
	return done;
}

/* Calls with JSON */

/* Reads the answer's body. answer may be NULL. */
static bool
http_read_json(const struct http *http, const struct http_answer *got, json_t **answer,
    struct error *err)
{
	json_t *json = got->body == NULL
	    ? NULL
	    : json_loadb(got->body, got->body_length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	if (json == NULL && got->status != 204)
		return httpanswer_foreign(http->settings.url, err);
	if (answer != NULL)
		*answer = json;
	else
		json_decref(json);
	return true;
}

static bool
http_ask(struct http *http, const struct http_request *request, json_t **answer, bool *connected,
    struct error *err)
{
	cleanup_http_answer struct http_answer got = { 0 };
	bool done =
	    http_transfer(http, request, &got, err) && http_read_json(http, &got, answer, err);

	*connected = got.connected;
	http->next_after = httpanswer_next_after(&got);
	return done;
}

bool
http_call_once(struct http *http, const char *method, const char *path,
    const struct http_fields *fields, json_t **answer, struct error *err)
{
	const struct http_request request = { .method = method, .path = path, .fields = fields };
	bool connected;

	return http_ask(http, &request, answer, &connected, err);
}

/*
 * Returns after how many milliseconds a failed call is to be repeated; 0: not at all. spent_ms is
 * the time since the first call.
 */
static int
http_repeat_after(const char *method, bool connected, int64_t spent_ms, int count,
    const struct error *err)
{
	bool once = strcmp(method, "DELETE") == 0;
	int64_t left = (connected ? REPEAT_MS : CONNECT_MS) - spent_ms;
	int64_t wait = count < 4 ? 250 << count : 4000;

	if (err->kind != ERROR_BUSY && (err->kind != ERROR_AWAY || (once && connected)))
		return 0;
	if (err->retry_after_s > 0)
		wait = (int64_t)err->retry_after_s * 1000;
	return wait <= left ? (int)wait : 0;
}

bool
http_call(struct http *http, const char *method, const char *path, const struct http_fields *fields,
    json_t **answer, struct error *err)
{
	char key[HTTP_KEY];
	const struct http_request request = { .method = method,
		.path = path,
		.fields = fields,
		.idempotency_key = strcmp(method, "POST") == 0 ? key : NULL };
	int64_t begin = clock_monotonic_ms();
	bool connected;

	http_make_key(key);
	for (int count = 0; !http_ask(http, &request, answer, &connected, err); count++) {
		int wait =
		    http_repeat_after(method, connected, clock_monotonic_ms() - begin, count, err);

		if (wait == 0)
			return false;
		if (count == 0 && !http->quiet)
			display_say("no answer from %s yet: trying again", http->settings.url);
		if (!http_pause(http, wait, err))
			return false;
	}
	return true;
}
