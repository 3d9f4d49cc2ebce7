/*
 * HTTP calls to the engine's socket with libcurl. Each engine runs one transfer at a time. It uses
 * curl's multi interface, because another thread can wake it.
 */
#include "engine.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define VERSION_OLDEST 41 /* 1.41: Docker 20.10, Podman 4 */
#define VERSION_NEWEST 52
#define PING_MS        5000
#define CONNECT_MS     5000L
#define ANSWER_MOST    (16 * 1024 * 1024) /* bytes of an answer that is kept in memory */

/* A running call. */
struct transfer {
	struct engine *engine;
	const struct engine_stream *stream; /* NULL: the answer is kept in memory */
	char *text;
	size_t length;
	bool fresh;  /* use a new connection */
	bool failed; /* the answer is too large, memory is short, or stream->write returned false */
	/* What the answer's headers say about the engine. */
	bool podman;
	int libpod;      /* Podman's version: 4003 for 4.3 */
	char api[16];    /* the version of Docker's API that the engine supports */
	char *path_stat; /* JSON in base64 (HEAD /containers/{id}/archive); NULL: none */
};

bool
engine_init(struct error *err)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, ERROR_SYSTEM, "libcurl does not start");
	return true;
}

bool
engine_open(struct engine *engine, const char *socket, struct error *err)
{
	*engine = (struct engine){ .socket = socket };
	engine->multi = curl_multi_init();
	engine->easy = curl_easy_init();
	if (engine->multi != NULL && engine->easy != NULL)
		return true;
	engine_close(engine);
	return error_set(err, ERROR_SYSTEM, "open the engine: not enough memory");
}

void
engine_close(struct engine *engine)
{
	curl_easy_cleanup(engine->easy);
	curl_multi_cleanup(engine->multi);
	*engine = (struct engine){ 0 };
}

void
engine_interrupt(struct engine *engine)
{
	engine->interrupted = true;
	curl_multi_wakeup(engine->multi);
}

void
engine_resume(struct engine *engine)
{
	engine->interrupted = false;
}

void
engine_answer_clear(struct engine_answer *answer)
{
	json_decref(answer->json);
	*answer = (struct engine_answer){ 0 };
}

char *
engine_escape(const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, 0);
	char *copy = escaped == NULL ? NULL : strdup(escaped);

	curl_free(escaped);
	return copy;
}

static bool
engine_hold(struct transfer *transfer, const char *data, size_t length)
{
	char *text;

	if (transfer->length + length > ANSWER_MOST)
		return false;
	text = realloc(transfer->text, transfer->length + length + 1);
	if (text == NULL)
		return false;
	memcpy(text + transfer->length, data, length);
	transfer->text = text;
	transfer->length += length;
	return true;
}

static size_t
engine_on_answer(char *data, size_t one, size_t length, void *context)
{
	struct transfer *transfer = context;
	long status = 0;
	bool taken;

	(void)one;
	curl_easy_getinfo(transfer->engine->easy, CURLINFO_RESPONSE_CODE, &status);
	/* An error answer is small, even if the normal answer would be a stream. */
	if (transfer->stream != NULL && status == 200)
		taken = transfer->stream->write(transfer->stream->context, data, length);
	else
		taken = engine_hold(transfer, data, length);
	transfer->failed = transfer->failed || !taken;
	return taken ? length : 0;
}

/* Keeps the header that describes a path in a container. It may be as long as the path. */
static void
engine_keep_path_stat(struct transfer *transfer, const char *data, size_t length)
{
	static const char name[] = "X-Docker-Container-Path-Stat: ";

	if (transfer->path_stat == NULL && length > sizeof name - 1 &&
	    strncasecmp(data, name, sizeof name - 1) == 0)
		transfer->path_stat = strndup(data + sizeof name - 1, length - (sizeof name - 1));
}

/* Decodes that header. Returns NULL if it is not valid. */
static json_t *
engine_read_path_stat(const char *text)
{
	size_t length = strlen(text), decoded;
	cleanup_free char *json = malloc(length + 1);

	if (json == NULL ||
	    sodium_base642bin((unsigned char *)json, length + 1, text, length, "\r\n ", &decoded,
		NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return NULL;
	return json_loadb(json, decoded, 0, NULL);
}

/* Returns the value of the header line if the header is called name, else NULL. */
static const char *
engine_header_value(const char *line, const char *name)
{
	size_t length = strlen(name);

	return strncasecmp(line, name, length) != 0 || line[length] != ':'
	    ? NULL
	    : line + length + 1 + strspn(line + length + 1, " ");
}

static size_t
engine_on_header(char *data, size_t one, size_t length, void *context)
{
	struct transfer *transfer = context;
	char line[128];
	const char *value;
	int major, minor;

	(void)one;
	engine_keep_path_stat(transfer, data, length);
	snprintf(line, sizeof line, "%.*s", (int)length, data);
	value = engine_header_value(line, "Libpod-API-Version");
	transfer->podman = transfer->podman || value != NULL;
	if (value != NULL && sscanf(value, "%3d.%3d", &major, &minor) == 2)
		transfer->libpod = major * 1000 + minor;
	value = engine_header_value(line, "API-Version");
	if (value != NULL)
		snprintf(transfer->api, sizeof transfer->api, "%.*s", (int)strcspn(value, "\r\n"),
		    value);
	return length;
}

static size_t
engine_on_body(char *to, size_t one, size_t size, void *context)
{
	struct transfer *transfer = context;
	ssize_t length = transfer->stream->read(transfer->stream->context, to, one * size);

	if (length >= 0)
		return (size_t)length;
	/* A paused transfer lets engine_perform notice the interruption. */
	return transfer->engine->interrupted ? CURL_READFUNC_PAUSE : CURL_READFUNC_ABORT;
}

static bool
engine_away(struct engine *engine, struct error *err, const char *why)
{
	engine->version[0] = '\0'; /* the engine may have another version when it is back */
	return error_set(err, ERROR_AWAY, "the engine at %s does not answer: %s", engine->socket,
	    why);
}

/* Returns why the connection failed and what to do about it. */
static const char *
engine_connect_hint(CURL *easy)
{
	long number = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
	switch (number) {
	case ENOENT:
		return "the socket does not exist; start the engine, or set engine { socket } in kabuto.conf";
	case ECONNREFUSED:
		return "no process listens on the socket; start the engine";
	case EACCES:
	case EPERM:
		return "permission denied; add the spooler's user to the group of the socket (often docker) and restart the spooler";
	default:
		return strerror((int)number);
	}
}

/* Runs the prepared transfer until its end. */
static bool
engine_perform(struct engine *engine, struct transfer *transfer, struct error *err)
{
	CURLcode result = CURLE_OK;
	CURLMsg *message;
	int running = 1, queued;

	curl_multi_add_handle(engine->multi, engine->easy);
	while (running > 0 && !engine->interrupted) {
		curl_multi_perform(engine->multi, &running);
		if (running > 0)
			curl_multi_poll(engine->multi, NULL, 0, 1000, NULL);
	}
	while ((message = curl_multi_info_read(engine->multi, &queued)) != NULL)
		if (message->msg == CURLMSG_DONE)
			result = message->data.result;
	curl_multi_remove_handle(engine->multi, engine->easy);
	if (running > 0)
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	if (transfer->failed)
		return error_set(err, ERROR_SYSTEM, "the engine's answer could not be processed");
	switch (result) {
	case CURLE_OK:
		return true;
	case CURLE_ABORTED_BY_CALLBACK:
		return error_set(err, ERROR_SYSTEM,
		    "the data to send to the engine could not be read");
	case CURLE_OPERATION_TIMEDOUT: /* often intended: the caller waited with a time limit */
		return error_set(err, ERROR_AWAY, "the engine at %s did not answer in time",
		    engine->socket);
	case CURLE_COULDNT_CONNECT:
		return engine_away(engine, err, engine_connect_hint(engine->easy));
	default:
		return engine_away(engine, err, curl_easy_strerror(result));
	}
}

/* Prepares the transfer. Returns false if memory is short, so that no incomplete call is sent. */
static bool
engine_prepare(struct engine *engine, struct transfer *transfer, const char *method,
    const char *url, struct curl_slist *headers, int64_t timeout_ms)
{
	CURL *easy = engine->easy;

	curl_easy_reset(easy);
	if (curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, engine->socket) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) != CURLE_OK)
		return false;
	curl_easy_setopt(easy, CURLOPT_NOBODY, (long)(strcmp(method, "HEAD") == 0));
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)transfer->fresh);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, (long)transfer->fresh);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, engine_on_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, engine_on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	return true;
}

static bool
engine_add_header(struct curl_slist **headers, const char *text)
{
	struct curl_slist *longer = curl_slist_append(*headers, text);

	if (longer != NULL)
		*headers = longer;
	return longer != NULL;
}

static bool
engine_make_headers(const struct transfer *transfer, struct curl_slist **headers)
{
	const struct engine_stream *stream = transfer->stream;
	char type[96];

	snprintf(type, sizeof type, "Content-Type: %s",
	    stream != NULL && stream->content_type != NULL ? stream->content_type
							   : "application/json");
	return engine_add_header(headers, type) &&
	    engine_add_header(headers, "Expect:") && /* saves a round trip before the body */
	    (stream == NULL || stream->secret == NULL ||
		engine_add_header(headers, stream->secret));
}

/* Frees the headers. Wipes them first, because one may be the caller's secret. */
static void
engine_free_headers(struct curl_slist *headers)
{
	for (struct curl_slist *header = headers; header != NULL; header = header->next)
		sodium_memzero(header->data, strlen(header->data));
	curl_slist_free_all(headers);
}

static bool
engine_run(struct engine *engine, struct transfer *transfer, const char *method, const char *url,
    const char *body, int64_t timeout_ms, struct engine_answer *answer, struct error *err)
{
	struct curl_slist *headers = NULL;
	bool done;

	if (!engine_make_headers(transfer, &headers) ||
	    !engine_prepare(engine, transfer, method, url, headers, timeout_ms)) {
		engine_free_headers(headers);
		free(transfer->text);
		return engine_away(engine, err, "not enough memory to ask it");
	}
	if (transfer->stream != NULL && transfer->stream->read != NULL) {
		curl_easy_setopt(engine->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(engine->easy, CURLOPT_POSTFIELDSIZE, -1L); /* chunked */
		curl_easy_setopt(engine->easy, CURLOPT_READFUNCTION, engine_on_body);
		curl_easy_setopt(engine->easy, CURLOPT_READDATA, transfer);
	} else if (body != NULL || strcmp(method, "POST") == 0) {
		curl_easy_setopt(engine->easy, CURLOPT_POSTFIELDS, body != NULL ? body : "");
	}
	done = engine_perform(engine, transfer, err);
	engine_free_headers(headers);
	if (done) {
		curl_easy_getinfo(engine->easy, CURLINFO_RESPONSE_CODE, &answer->status);
		answer->json = transfer->path_stat != NULL
		    ? engine_read_path_stat(transfer->path_stat)
		    : json_loadb(transfer->text != NULL ? transfer->text : "", transfer->length,
			  JSON_DECODE_ANY, NULL);
	}
	free(transfer->path_stat);
	free(transfer->text);
	return done;
}

/*
 * Chooses the lower of the engine's newest version and ours. oldest is the engine's oldest version,
 * or NULL.
 */
static bool
engine_negotiate_version(struct engine *engine, const char *newest, const char *oldest,
    struct error *err)
{
	int major = 0, minor = 0, least = 0;

	if (sscanf(newest, "%d.%d", &major, &minor) != 2)
		return engine_away(engine, err, "it does not report its API version");
	if (major != 1 || minor < VERSION_OLDEST)
		return error_set(err, ERROR_AWAY,
		    "the engine at %s supports API %s at most, and Kabuto needs 1.%d or later: install a newer engine",
		    engine->socket, newest, VERSION_OLDEST);
	if (oldest != NULL && sscanf(oldest, "%d.%d", &major, &least) == 2 &&
	    (major != 1 || least > VERSION_NEWEST))
		return error_set(err, ERROR_AWAY,
		    "the engine at %s needs API %s or later, and Kabuto supports 1.%d at most: install a newer Kabuto",
		    engine->socket, oldest, VERSION_NEWEST);
	snprintf(engine->version, sizeof engine->version, "1.%d",
	    minor < VERSION_NEWEST ? minor : VERSION_NEWEST);
	return true;
}

/*
 * Negotiates the version. The headers of a ping give the engine's newest version. Only Docker has
 * an oldest version, which /version returns. Podman inspects all its containers for /version, so it
 * does not answer while one of them stops.
 */
static bool
engine_negotiate(struct engine *engine, struct error *err)
{
	cleanup_answer struct engine_answer ping = { 0 }, version = { 0 };
	struct transfer pinging = { .engine = engine }, asking = { .engine = engine };
	const char *newest = NULL, *oldest = NULL;

	if (!engine_run(engine, &pinging, "GET", "http://engine/_ping", NULL, PING_MS, &ping, err))
		return false;
	engine->podman = pinging.podman;
	engine->libpod = pinging.libpod;
	if (engine->podman)
		return engine_negotiate_version(engine, pinging.api, NULL, err);
	if (!engine_run(engine, &asking, "GET", "http://engine/version", NULL, PING_MS, &version,
		err))
		return false;
	(void)json_unpack(version.json, "{s:s, s?s}", "ApiVersion", &newest, "MinAPIVersion",
	    &oldest);
	return engine_negotiate_version(engine, newest != NULL ? newest : "", oldest, err);
}

bool
engine_agree(struct engine *engine, struct error *err)
{
	return engine->version[0] != '\0' || engine_negotiate(engine, err);
}

int
engine_api_minor(const struct engine *engine)
{
	int minor;

	return sscanf(engine->version, "1.%9d", &minor) == 1 ? minor : 0;
}

static bool
engine_call_once(struct engine *engine, const char *method, const char *path, json_t *body,
    const struct engine_stream *stream, int64_t timeout_ms, struct engine_answer *answer,
    struct error *err)
{
	struct transfer transfer = { .engine = engine, .stream = stream };
	cleanup_free char *url = NULL, *text = NULL;

	*answer = (struct engine_answer){ 0 };
	if (!engine_agree(engine, err))
		return false;
	if (body != NULL)
		text = json_dumps(body, JSON_COMPACT);
	if (asprintf(&url, "http://engine/v%s%s", engine->version, path) < 0 ||
	    (body != NULL && text == NULL))
		return error_set(err, ERROR_SYSTEM, "call the engine: not enough memory");
	return engine_run(engine, &transfer, method, url, text, timeout_ms, answer, err);
}

bool
engine_call(struct engine *engine, const char *method, const char *path, json_t *body,
    int64_t timeout_ms, struct engine_answer *answer, struct error *err)
{
	return engine_call_once(engine, method, path, body, NULL, timeout_ms, answer, err);
}

bool
engine_stream(struct engine *engine, const char *method, const char *path,
    const struct engine_stream *stream, int64_t timeout_ms, struct engine_answer *answer,
    struct error *err)
{
	return engine_call_once(engine, method, path, NULL, stream, timeout_ms, answer, err);
}

bool
engine_ping(struct engine *engine, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	struct transfer transfer = { .engine = engine, .fresh = true };

	/* An engine that is shutting down still serves the connections that it has. */
	if (!engine_agree(engine, err) ||
	    !engine_run(engine, &transfer, "GET", "http://engine/_ping", NULL, PING_MS, &answer,
		err))
		return false;
	return answer.status == 200 || engine_away(engine, err, "it answered a ping with an error");
}

bool
engine_refused(const struct engine_answer *answer, struct error *err, const char *doing)
{
	const char *message = NULL;

	(void)json_unpack(answer->json, "{s:s}", "message", &message);
	if (message == NULL)
		(void)json_unpack(answer->json, "{s:s}", "cause", &message); /* Podman */
	return error_set(err,
	    message != NULL && strstr(message, "no space left on device") != NULL ? ERROR_NO_SPACE
		: answer->status == 404                                           ? ERROR_NOT_FOUND
		: answer->status == 409                                           ? ERROR_CONFLICT
		: answer->status == 403
		? ERROR_ENGINE /* Docker: leftovers of its own unfinished work are in the way */
		: answer->status < 500 ? ERROR_INPUT
				       : ERROR_ENGINE,
	    "%s: %s (HTTP %ld)", doing, message != NULL ? message : "the engine refused",
	    answer->status);
}
