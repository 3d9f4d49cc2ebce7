#ifndef KABUTO_ENGINE_H
#define KABUTO_ENGINE_H
/*
 * The Docker engine, through its HTTP API on a unix socket (https://docs.docker.com/engine/api/,
 * 1.41 and later). This file makes calls. engine_container.h, engine_image.h, engine_registry.h and
 * engine_tags.h define the single calls. Only daemon/engine knows curl and the API's JSON.
 *
 * A struct engine belongs to one thread and keeps one connection. Every call has a time limit. An
 * engine that cannot be reached or does not answer gives ERROR_AWAY; the caller should try again.
 */
#include <curl/curl.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

#define ENGINE_CALL_MS (60 * 1000) /* for a call that is quick, unless the engine is very busy */

struct engine {
	const char *socket;
	CURLM *multi;
	CURL *easy;
	char version[16];        /* the API version in use: "1.41"; empty: not yet negotiated */
	bool podman;             /* the engine is Podman, not Docker */
	int libpod;              /* Podman's version: 4003 for 4.3; 0: unknown */
	atomic_bool interrupted; /* set: every call fails with ERROR_INTERRUPTED */
};

/* Must be called once, before threads start. */
bool engine_init(struct error *err);

bool engine_open(struct engine *engine, const char *socket, struct error *err);
void engine_close(struct engine *engine);

/*
 * Ends the current call and all later calls with ERROR_INTERRUPTED, until engine_resume. Any thread
 * may call it.
 */
void engine_interrupt(struct engine *engine);
void engine_resume(struct engine *engine);

/*
 * Checks that the engine answers and supports an API version that Kabuto supports. If not, err is
 * ERROR_AWAY and its text gives both versions.
 */
bool engine_ping(struct engine *engine, struct error *err);

/*
 * Sets version and podman, for a caller that needs them before its call. Every call does this too.
 */
bool engine_agree(struct engine *engine, struct error *err);

/* Returns the minor number of the API version in use: 41 for 1.41; 0: not yet negotiated. */
int engine_api_minor(const struct engine *engine);

/* The answer to a call. */
struct engine_answer {
	long status; /* the HTTP status */
	/*
	 * The body, or what the header X-Docker-Container-Path-Stat describes. NULL: none, or not
	 * JSON.
	 */
	json_t *json;
};
void engine_answer_clear(struct engine_answer *answer);
#define cleanup_answer __attribute__((cleanup(engine_answer_clear)))

/* A call whose body or answer is large. */
struct engine_stream {
	/*
	 * Writes up to size bytes of the request's body to `to`. Returns their number, 0 at the
	 * end, -1 on an error.
	 */
	ssize_t (*read)(void *context, char *to, size_t size);
	/* Gets the next bytes of an answer with status 200. False ends the call with an error. */
	bool (*write)(void *context, const char *data, size_t length);
	void *context;
	const char *content_type;
	const char *secret; /* one more header line, wiped after the call; NULL: none */
};

/*
 * Makes one call: method and path (without the version), with body as JSON if it is not NULL.
 * Returns true for every HTTP status. On true the caller must call engine_answer_clear.
 */
bool engine_call(struct engine *engine, const char *method, const char *path, json_t *body,
    int64_t timeout_ms, struct engine_answer *answer, struct error *err);
bool engine_stream(struct engine *engine, const char *method, const char *path,
    const struct engine_stream *stream, int64_t timeout_ms, struct engine_answer *answer,
    struct error *err);

/*
 * Turns an answer with an error status into err, with the engine's message. Always returns false.
 */
bool engine_refused(const struct engine_answer *answer, struct error *err, const char *doing);

/* Returns text percent-encoded for a path or a query. The caller frees it. */
char *engine_escape(const char *text);

#endif
