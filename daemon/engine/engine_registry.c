/*
 * The API's calls for images in a registry. The engine reports a registry's errors as text with a
 * status of its own, so this file maps the text to error kinds.
 */
#include "engine_registry.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "engine_lines.h"

#define PATH_TEXT 1024

/* The name of Docker's own registry in credentials (Docker API, ImageBuild). */
#define HUB     "docker.io"
#define HUB_KEY "https://index.docker.io/v1/"

/* A running transfer. */
struct progress {
	const struct image_transfer *transfer;
	bool pushes;
	char *failure;
	json_int_t status; /* the registry's, with the failure; 0: unknown */
};

/* Returns "name: <object as base64url>", or NULL without memory. Wipes the object's password. */
static char *
engine_registry_header_make(const char *name, json_t *object, json_t *credentials)
{
	const char *password = json_string_value(json_object_get(credentials, "password"));
	char *json = object == NULL ? NULL : json_dumps(object, JSON_COMPACT), *header = NULL;
	size_t length = json == NULL ? 0 : strlen(json), begin = strlen(name) + 2, room;

	if (json != NULL) {
		/* RFC 4648, section 5, with padding: the decoders of Docker and Podman need it. */
		room = begin + sodium_base64_ENCODED_LEN(length, sodium_base64_VARIANT_URLSAFE);
		header = malloc(room);
		if (header != NULL) {
			snprintf(header, room, "%s: ", name);
			sodium_bin2base64(header + begin, room - begin, (const unsigned char *)json,
			    length, sodium_base64_VARIANT_URLSAFE);
		}
		sodium_memzero(json, length);
		free(json);
	}
	if (password != NULL)
		sodium_memzero((char *)(uintptr_t)password, strlen(password));
	json_decref(object);
	return header;
}

char *
engine_registry_auth_header(const struct registry_login *login)
{
	json_t *object = login->username == NULL
	    ? json_object() /* a push needs the header even without a log-in */
	    : json_pack("{s:s, s:s, s:s}", "username", login->username, "password", login->password,
		  "serveraddress", login->address);

	return engine_registry_header_make("X-Registry-Auth", object, object);
}

char *
engine_registry_config_header(const struct registry_login *login)
{
	const char *key = strcmp(login->address, HUB) == 0 ? HUB_KEY : login->address;
	json_t *object = login->username == NULL
	    ? json_object()
	    : json_pack("{s:{s:s, s:s}}", key, "username", login->username, "password",
		  login->password);

	return engine_registry_header_make("X-Registry-Config", object,
	    json_object_get(object, key));
}

void
engine_registry_free_header(char *header)
{
	if (header != NULL)
		sodium_memzero(header, strlen(header));
	free(header);
}

/*
 * Returns where the tag or digest begins in an image's name. An address contains a ":" too.
 *
 * The names of images contain no character that must be escaped in a path or a query.
 */
static const char *
engine_registry_tag_of(const char *image)
{
	const char *digest = strchr(image, '@');

	return (digest != NULL ? digest : strrchr(image, ':')) + 1;
}

static int
engine_registry_repository_length(const char *image)
{
	return (int)(engine_registry_tag_of(image) - 1 - image);
}

bool
engine_registry_tag(struct engine *engine, const char *image, const char *name, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	char path[PATH_TEXT];

	snprintf(path, sizeof path, "/images/%s/tag?repo=%.*s&tag=%s", image,
	    engine_registry_repository_length(name), name, engine_registry_tag_of(name));
	if (!engine_call(engine, "POST", path, NULL, ENGINE_CALL_MS, &answer, err))
		return false;
	return answer.status == 201 || engine_refused(&answer, err, "tag the image");
}

bool
engine_registry_has_image(struct engine *engine, const char *image, bool *exists, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	char path[PATH_TEXT];

	snprintf(path, sizeof path, "/images/%s/json", image);
	if (!engine_call(engine, "GET", path, NULL, ENGINE_CALL_MS, &answer, err))
		return false;
	*exists = answer.status == 200;
	return answer.status == 200 || answer.status == 404 ||
	    engine_refused(&answer, err, "inspect the image");
}

static const struct {
	const char *words;
	enum error_kind kind;
} refusals[] = {
	/*
	 * The registry's error codes (OCI distribution specification), or the HTTP status: the
	 * containerd image store gives only that.
	 */
	{ "unauthorized", ERROR_FORBIDDEN },
	{ "403 forbidden", ERROR_FORBIDDEN },
	{ "denied", ERROR_FORBIDDEN },
	{ "authentication required", ERROR_FORBIDDEN },
	{ "no basic auth credentials", ERROR_FORBIDDEN },
	{ "manifest unknown", ERROR_NOT_FOUND },
	{ "name unknown", ERROR_NOT_FOUND },
	{ "toomanyrequests", ERROR_REGISTRY },
	/* Messages of Go and of proxies for a host that cannot be reached. */
	{ "connection refused", ERROR_REGISTRY },
	{ "connection reset", ERROR_REGISTRY },
	{ "broken pipe", ERROR_REGISTRY },
	{ "no such host", ERROR_REGISTRY },
	{ "server misbehaving", ERROR_REGISTRY },
	{ "no route to host", ERROR_REGISTRY },
	{ "network is unreachable", ERROR_REGISTRY },
	{ "i/o timeout", ERROR_REGISTRY },
	{ "TLS handshake timeout", ERROR_REGISTRY },
	{ "Client.Timeout", ERROR_REGISTRY },
	{ "deadline exceeded", ERROR_REGISTRY },
	{ "request canceled", ERROR_REGISTRY },
	{ ": eof", ERROR_REGISTRY },
	{ "unexpected eof", ERROR_REGISTRY },
	{ "Bad Gateway", ERROR_REGISTRY },
	{ "Service Unavailable", ERROR_REGISTRY },
	{ "Gateway Time", ERROR_REGISTRY },
	{ "Too Many Requests", ERROR_REGISTRY },
	/* After the messages about hosts, which may say this, too. */
	{ "not found", ERROR_NOT_FOUND },
};

static const struct {
	json_int_t status;
	enum error_kind kind;
} statuses[] = {
	{ 401, ERROR_FORBIDDEN },
	{ 403, ERROR_FORBIDDEN },
	{ 404, ERROR_NOT_FOUND },
	{ 429, ERROR_REGISTRY },
	{ 502, ERROR_REGISTRY },
	{ 503, ERROR_REGISTRY },
	{ 504, ERROR_REGISTRY },
};

/*
 * Returns the error kind for the engine's message about a failed transfer, or fallback if the
 * message is unknown. status is the registry's HTTP status, which few engines give; 0: unknown.
 */
static enum error_kind
engine_registry_kind_of(const char *words, json_int_t status, enum error_kind fallback)
{
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
		if (status == statuses[i].status)
			return statuses[i].kind;
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
		if (strcasestr(words, refusals[i].words) != NULL)
			return refusals[i].kind;
	return fallback;
}

/*
 * Whether a push's message reports a result. Messages about a layer have the layer's id, and most
 * of them report progress.
 */
static bool
engine_registry_tells(json_t *message)
{
	static const char *const ends[] = { "Pushed", "Layer already exists", "Mounted from" };
	const char *status = json_string_value(json_object_get(message, "status"));

	if (status == NULL || json_object_get(message, "id") == NULL)
		return status != NULL;
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (strncmp(status, ends[i], strlen(ends[i])) == 0)
			return true;
	return false;
}

static bool
engine_registry_on_message(void *context, json_t *message)
{
	struct progress *progress = context;
	const struct image_transfer *transfer = progress->transfer;
	const char *failure = json_string_value(json_object_get(message, "error"));

	if (failure != NULL && progress->failure == NULL) {
		json_t *detail = json_object_get(message, "errorDetail");

		progress->failure = strdup(failure);
		progress->status = json_integer_value(json_object_get(detail, "code"));
	}
	if (transfer->message != NULL && progress->pushes && engine_registry_tells(message))
		transfer->message(transfer->message_context, message);
	return true;
}

static bool
engine_registry_on_answer(void *context, const char *data, size_t length)
{
	return engine_lines_write(context, data, length);
}

/*
 * Runs the transfer. True: the engine finished; *failure is NULL, or says why the transfer failed.
 * *status is the registry's HTTP status then, or 0.
 */
static bool
engine_registry_run(struct engine *engine, const struct image_transfer *transfer, const char *path,
    bool pushes, struct engine_answer *answer, char **failure, json_int_t *status,
    struct error *err)
{
	cleanup_header char *header = engine_registry_auth_header(transfer->login);
	struct progress progress = { .transfer = transfer, .pushes = pushes };
	struct engine_lines lines = { .message = engine_registry_on_message, .context = &progress };
	const struct engine_stream stream = { NULL, engine_registry_on_answer, &lines,
		"application/json", header };
	bool done;

	if (header == NULL || !engine_lines_open(&lines))
		return error_set(err, ERROR_SYSTEM, "call the engine: not enough memory");
	done = engine_stream(engine, "POST", path, &stream, transfer->timeout_ms, answer, err);
	engine_lines_close(&lines);
	*failure = progress.failure;
	*status = progress.status;
	return done;
}

/* Runs the transfer and turns a failure into err. */
static bool
engine_registry_transfer_run(struct engine *engine, const struct image_transfer *transfer,
    const char *path, bool pushes, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	cleanup_free char *failure = NULL;
	int64_t begun = clock_monotonic_ms();
	json_int_t status = 0;
	char doing[320];

	snprintf(doing, sizeof doing, "%s the image %s %s", pushes ? "push" : "pull",
	    pushes ? "to" : "from", transfer->login->address);
	if (!engine_registry_run(engine, transfer, path, pushes, &answer, &failure, &status, err)) {
		if (err->kind == ERROR_AWAY && clock_monotonic_ms() - begun >= transfer->timeout_ms)
			error_set(err, ERROR_TOO_LARGE, "%s: it took longer than %lld s", doing,
			    (long long)(transfer->timeout_ms / MS_PER_S));
		return false;
	}
	if (failure != NULL)
		return error_set(err, engine_registry_kind_of(failure, status, ERROR_INPUT),
		    "%s: %s", doing, failure);
	if (answer.status == 200)
		return true;
	engine_refused(&answer, err, doing);
	err->kind = engine_registry_kind_of(err->text, 0, err->kind);
	return false;
}

bool
engine_registry_push(struct engine *engine, const struct image_transfer *transfer,
    struct error *err)
{
	const char *image = transfer->image;
	char path[PATH_TEXT];

	snprintf(path, sizeof path, "/images/%.*s/push?tag=%s",
	    engine_registry_repository_length(image), image, engine_registry_tag_of(image));
	return engine_registry_transfer_run(engine, transfer, path, true, err);
}

bool
engine_registry_pull(struct engine *engine, const struct image_transfer *transfer,
    struct error *err)
{
	const char *image = transfer->image;
	char path[PATH_TEXT];

	snprintf(path, sizeof path, "/images/create?fromImage=%.*s&tag=%s",
	    engine_registry_repository_length(image), image, engine_registry_tag_of(image));
	return engine_registry_transfer_run(engine, transfer, path, false, err);
}
