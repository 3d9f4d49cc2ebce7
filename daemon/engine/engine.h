#ifndef KABUTO_ENGINE_H
#define KABUTO_ENGINE_H
/*
 * The Docker engine, by its HTTP API over a unix socket (https://docs.docker.com/engine/api/, 1.41
 * and later). This file carries calls; engine_container.h and engine_image.h say them. Nothing else
 * knows curl or the API's JSON.
 *
 * A struct engine belongs to one thread and keeps one connection. Every call has a time limit. An
 * engine that cannot be reached or hangs gives ERROR_AWAY, which is nobody's fault and to be tried
 * again.
 */
#include <curl/curl.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

#define ENGINE_CALL_MS                                                                             \
	(60 * 1000) /* for a call that the engine answers at once, unless it is very busy */

struct engine {
	const char *socket;
	CURLM *multi;
	CURL *easy;
	char version[16];        /* spoken with it: "1.41"; empty: not yet agreed on */
	bool podman;             /* it is Podman's idea of that version */
	atomic_bool interrupted; /* until engine_resume, every call ends with ERROR_INTERRUPTED */
};

/* Before threads, once. */
bool engine_init(struct error *err);

bool engine_open(struct engine *engine, const char *socket, struct error *err);
void engine_close(struct engine *engine);

/* From any thread: ends the call at hand, and those to come. */
void engine_interrupt(struct engine *engine);
void engine_resume(struct engine *engine);

/*
 * Whether it answers, and speaks a version that we do: ERROR_AWAY says which versions do not go
 * together.
 */
bool engine_ping(struct engine *engine, struct error *err);

/*
 * Makes sure that version and podman are known, for who needs them before a call; the call itself
 * would do it too.
 */
bool engine_agree(struct engine *engine, struct error *err);

/* What a call brought back. */
struct engine_answer {
	long status;  /* HTTP's */
	json_t *json; /* the body; NULL: none, or no JSON */
};
void engine_answer_clear(struct engine_answer *answer);
#define cleanup_answer __attribute__((cleanup(engine_answer_clear)))

/* Where a call's body comes from and its answer goes to, where neither is small. */
struct engine_stream {
	/* Up to size bytes of the request's body; 0 at its end, -1 where it cannot be made. */
	ssize_t (*read)(void *context, char *to, size_t size);
	/* The next bytes of an answer with status 200. */
	bool (*write)(void *context, const char *data, size_t length);
	void *context;
	const char *content_type;
	const char *secret; /* one more header line, which is wiped behind the call; NULL: none */
};

/*
 * One call: method and path (without the version), with body as JSON where it is not NULL. True
 * whatever the status is: *answer has it, and is the caller's to clear.
 */
bool engine_call(struct engine *engine, const char *method, const char *path, json_t *body,
    int64_t timeout_ms, struct engine_answer *answer, struct error *err);
bool engine_stream(struct engine *engine, const char *method, const char *path,
    const struct engine_stream *stream, int64_t timeout_ms, struct engine_answer *answer,
    struct error *err);

/* For an answer that is a refusal: err gets the engine's words. Always false. */
bool engine_refused(const struct engine_answer *answer, struct error *err, const char *doing);

/* text as a part of a path or query, percent-encoded; the caller's to free. */
char *engine_escape(const char *text);

#endif
