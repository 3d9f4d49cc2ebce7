/*
 * Builds images with POST /build. The context is packed as a tar while it is sent. The engine's
 * messages arrive as one JSON object a line.
 */
#include "engine_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "digest.h"
#include "engine_buildkit.h"
#include "engine_lines.h"
#include "engine_lost.h"
#include "utf8.h"

/* The incoming messages and the build's outcome. */
struct messages {
	const struct engine_image_build *build;
	struct engine_context *tar;
	struct engine_lines lines;
	/* the last "Step 1/2 : FROM x"; with BuildKit the step that failed */
	char step[BUILDKIT_STEP];
	int steps; /* number of steps of the current stage, from its first step (Podman) */
	char *failure;
	/*
	 * The build was ended: the base image has ONBUILD instructions, or, with BuildKit, one that
	 * fetches a URL.
	 */
	bool triggered;
	struct engine_buildkit buildkit;
};

/*
 * The classic builder's message before it runs the ONBUILD instructions of a base image. These
 * instructions are not in the Dockerfile that was checked, and could use any image of the engine
 * (dockerfile.h).
 */
#define TRIGGERS         "# Executing "
#define HOST_NAME_DIGITS 12 /* as Docker's host names have */
static const char triggers_refused[] =
    "the base image has ONBUILD instructions, which are not allowed: write them into the Dockerfile";
static const char fetch_refused[] =
    "the base image has an ONBUILD instruction that fetches a URL, which is not allowed: write it into the Dockerfile, as RUN";

/*
 * Whether the message says that the base image has ONBUILD instructions. Podman has no message for
 * it, but it counts them: "STEP 1/2: FROM x" is followed by "STEP 2/3: RUN y", with "[1/2] " before
 * it if the Dockerfile has several stages.
 */
static bool
engine_image_tells_triggers(struct messages *messages, const char *stream)
{
	int step, steps;

	if (strncmp(stream, TRIGGERS, strlen(TRIGGERS)) == 0)
		return true;
	if (sscanf(stream, "STEP %9d/%9d:", &step, &steps) != 2 &&
	    sscanf(stream, "[%*9d/%*9d] STEP %9d/%9d:", &step, &steps) != 2)
		return false;
	if (step == 1)
		messages->steps = steps;
	return step == 2 && steps > messages->steps;
}

/* Hands a piece of BuildKit's progress on, as if another builder had sent it. */
static void
engine_image_on_progress(void *context, const char *text)
{
	struct messages *messages = context;
	cleanup_json json_t *message = json_pack("{s:s}", "stream", text);

	if (message != NULL)
		(void)messages->build->message(messages->build->message_context, message);
}

/*
 * Handles a message that only BuildKit sends. Returns false for all others. *goes_on: the build
 * goes on.
 */
static bool
engine_image_on_buildkit(struct messages *messages, json_t *message, bool *goes_on)
{
	const char *id = json_string_value(json_object_get(message, "id"));
	json_t *aux = json_object_get(message, "aux");

	*goes_on = true;
	if (id != NULL && strcmp(id, "moby.buildkit.trace") == 0 && json_is_string(aux)) {
		engine_buildkit_read(&messages->buildkit, json_string_value(aux));
		messages->triggered = messages->buildkit.fetches;
		memcpy(messages->step, messages->buildkit.failed, sizeof messages->step);
		*goes_on = !messages->triggered;
		return true;
	}
	if (id != NULL && strcmp(id, "moby.image.id") == 0 && json_is_object(aux)) {
		cleanup_json json_t *made = json_pack("{s:O}", "aux", aux);

		*goes_on = made == NULL ||
		    messages->build->message(messages->build->message_context, made);
		return true;
	}
	return false;
}

static bool
engine_image_on_message(void *context, json_t *message)
{
	struct messages *messages = context;
	const char *error = NULL, *stream = NULL;
	bool goes_on;

	if (messages->build->builder == BUILDER_BUILDKIT &&
	    engine_image_on_buildkit(messages, message, &goes_on))
		return goes_on;
	messages->triggered = messages->triggered ||
	    (json_unpack(message, "{s:s}", "stream", &stream) == 0 &&
		engine_image_tells_triggers(messages, stream));
	if (messages->triggered)
		return false;
	if (json_unpack(message, "{s:s}", "stream", &stream) == 0 &&
	    strncasecmp(stream, "Step ", 5) == 0 /* Podman writes "STEP" */)
		snprintf(messages->step, sizeof messages->step, "%.*s", (int)strcspn(stream, "\n"),
		    stream);
	messages->step[utf8_cut(messages->step, strlen(messages->step))] = '\0';
	if (json_unpack(message, "{s:s}", "error", &error) == 0 && messages->failure == NULL &&
	    asprintf(&messages->failure, "%s%s%s", messages->step,
		messages->step[0] != '\0' ? ": " : "", error) < 0)
		messages->failure = NULL;
	return messages->build->message(messages->build->message_context, message);
}

static ssize_t
engine_image_read(void *context, char *to, size_t size)
{
	return engine_context_read(((struct messages *)context)->tar, to, size);
}

static bool
engine_image_messages_write(void *context, const char *data, size_t length)
{
	return engine_lines_write(&((struct messages *)context)->lines, data, length);
}

/* Writes "&name=<object>" to a query. Takes the object. False: no memory. */
static bool
engine_image_add_object(FILE *to, const char *name, json_t *object)
{
	cleanup_json json_t *held = object;
	cleanup_free char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
	cleanup_free char *escaped = text == NULL ? NULL : engine_escape(text);

	return escaped != NULL && fprintf(to, "&%s=%s", name, escaped) > 0;
}

/*
 * Returns the host name of the steps of BuildKit, which is part of the key of a cached step. A
 * hash, because the steps see it. NULL: no memory.
 */
static json_t *
engine_image_host_name(const char *cache_namespace)
{
	unsigned char bytes[DIGEST_BYTES];
	char name[HOST_NAME_DIGITS + 1];
	struct digest digest;

	digest_begin(&digest);
	digest_add(&digest, "namespace", cache_namespace, strlen(cache_namespace));
	digest_end(&digest, bytes);
	return json_string(sodium_bin2hex(name, sizeof name, bytes, HOST_NAME_DIGITS / 2));
}

/*
 * Returns the build arguments as a new object. NULL: no memory.
 *
 * The namespace alone is not enough: for a cache mount with an id or with sharing, BuildKit (since
 * 0.13) leaves both the id and the namespace out of the step's key (ExecOp.CacheMap). Then one
 * account's step, made with its own cache, would be another account's cached step.
 */
static json_t *
engine_image_arguments(const struct engine_image_build *build)
{
	json_t *arguments = build->arguments != NULL ? json_copy(build->arguments) : json_object();

	if (build->builder == BUILDER_BUILDKIT &&
	    (json_object_set_new(arguments, "BUILDKIT_CACHE_MOUNT_NS",
		 json_string(build->cache_namespace)) < 0 ||
		json_object_set_new(arguments, "BUILDKIT_SANDBOX_HOSTNAME",
		    engine_image_host_name(build->cache_namespace)) < 0)) {
		json_decref(arguments);
		return NULL;
	}
	return arguments;
}

/* Writes the query of POST /build (Docker API, ImageBuild). False: no memory. */
static bool
engine_image_write_query(FILE *to, const struct engine_image_build *build)
{
	cleanup_free char *tag = engine_escape(build->tag);
	bool buildkit = build->builder == BUILDER_BUILDKIT;

	if (tag == NULL)
		return false;
	fprintf(to, "t=%s&rm=1&forcerm=1&nocache=%d&shmsize=%lld", tag, (int)build->nocache,
	    (long long)build->memory);
	if (buildkit)
		fprintf(to, "&version=2");
	else
		fprintf(to, "&memory=%lld&memswap=%lld", (long long)build->memory,
		    (long long)build->memory);
	/* BuildKit knows "none" and "host" only. Without a name it uses the engine's bridge. */
	if (!buildkit || strcmp(build->network, "bridge") != 0)
		fprintf(to, "&networkmode=%s", build->network);
	return engine_image_add_object(to, "buildargs", engine_image_arguments(build)) &&
	    engine_image_add_object(to, "labels",
		json_pack("{s:s}", "kabuto.instance", build->instance));
}

/* Returns the call's path. The caller frees it. NULL: no memory. */
static char *
engine_image_build_path(const struct engine_image_build *build)
{
	char *path = NULL;
	size_t length;
	FILE *to = open_memstream(&path, &length);
	bool done;

	if (to == NULL)
		return NULL;
	fputs("/build?", to);
	done = engine_image_write_query(to, build);
	done = fclose(to) == 0 && done;
	if (done)
		return path;
	free(path);
	return NULL;
}

/*
 * Whether Podman (4.3) refused the context because of a link that leads out of it. It then answers
 * 500 without a message. The user who sent the context can fix it.
 */
static bool
engine_image_is_refused_link(const struct engine_context *tar, const struct engine_answer *answer)
{
	return answer->status >= 500 && answer->json == NULL && tar->outward != NULL;
}

/* Returns why the build was ended, or NULL without memory. The caller frees it. */
static char *
engine_image_refusal(const struct messages *messages)
{
	char *text = NULL;

	if (messages->triggered)
		return strdup(messages->build->builder == BUILDER_BUILDKIT ? fetch_refused
									   : triggers_refused);
	return asprintf(&text,
		   "'%s' is a link that leads out of the context; remove it: this engine refuses it",
		   messages->tar->outward) < 0
	    ? NULL
	    : text;
}

bool
engine_image_build(struct engine *engine, const struct engine_image_build *build, char **failure,
    struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	cleanup_free char *path = engine_image_build_path(build);
	bool registry = build->registry->address != NULL;
	cleanup_header char *header =
	    registry ? engine_registry_config_header(build->registry) : NULL;
	struct engine_context tar = { 0 };
	struct messages messages = { .build = build, .tar = &tar };
	const struct engine_stream stream = { engine_image_read, engine_image_messages_write,
		&messages, "application/x-tar", header };
	bool done = false;

	messages.lines =
	    (struct engine_lines){ .message = engine_image_on_message, .context = &messages };
	messages.buildkit =
	    (struct engine_buildkit){ .write = engine_image_on_progress, .context = &messages };
	if (path == NULL || (registry && header == NULL) || !engine_lines_open(&messages.lines))
		return error_set(err, ERROR_SYSTEM, "build an image: not enough memory");
	if (engine_context_open(&tar, build->context, &build->content, &engine->interrupted, err))
		done =
		    engine_stream(engine, "POST", path, &stream, build->timeout_ms, &answer, err);
	if (!done && tar.error[0] != '\0')
		error_set(err, ERROR_SYSTEM, "pack the context: %s", tar.error);
	if (messages.triggered || (done && engine_image_is_refused_link(&tar, &answer))) {
		free(messages.failure);
		messages.failure = engine_image_refusal(&messages);
		done = messages.failure != NULL ||
		    error_set(err, ERROR_SYSTEM, "build an image: not enough memory");
		answer.status = 200;
	}
	engine_context_close(&tar);
	engine_lines_close(&messages.lines);
	engine_buildkit_close(&messages.buildkit);
	if (done && answer.status >= 500)
		done = engine_refused(&answer, err, "the engine failed to build");
	/* The engine answers 400 at once if it cannot parse the Dockerfile. */
	if (done && answer.status != 200) {
		struct error refusal;

		engine_refused(&answer, &refusal, "the engine refused the build");
		messages.failure = strdup(refusal.text);
	}
	if (done && messages.failure != NULL && engine_lost_image(messages.failure))
		done = error_set(err, ERROR_ENGINE, "%s", messages.failure);
	if (!done) {
		free(messages.failure);
		return false;
	}
	*failure = messages.failure;
	return true;
}

static char *
engine_image_strings_of(json_t *config, const char *key)
{
	json_t *array = json_object_get(config, key);

	return json_array_size(array) == 0 ? NULL : json_dumps(array, JSON_COMPACT);
}

bool
engine_image_inspect(struct engine *engine, const char *tag, char **entrypoint, char **cmd,
    struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	char path[256];
	json_t *config;

	snprintf(path, sizeof path, "/images/%s/json", tag);
	if (!engine_call(engine, "GET", path, NULL, ENGINE_CALL_MS, &answer, err))
		return false;
	if (answer.status != 200)
		return engine_refused(&answer, err, "inspect the image");
	config = json_object_get(answer.json, "Config");
	*entrypoint = engine_image_strings_of(config, "Entrypoint");
	*cmd = engine_image_strings_of(config, "Cmd");
	return true;
}

/* Joins the array's strings, each with a newline. The caller frees the text. NULL: no memory. */
static char *
engine_image_join_lines(json_t *array)
{
	char *text = NULL;
	json_t *line;
	size_t i, length;
	FILE *to = open_memstream(&text, &length);

	if (to == NULL)
		return NULL;
	json_array_foreach (array, i, line)
		if (json_is_string(line))
			fprintf(to, "%s\n", json_string_value(line));
	if (fclose(to) == 0)
		return text;
	free(text);
	return NULL;
}

bool
engine_image_read_triggers(struct engine *engine, const char *name, bool *exists, char **triggers,
    struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	char path[1024];
	json_t *array;

	snprintf(path, sizeof path, "/images/%s/json", name);
	if (!engine_call(engine, "GET", path, NULL, ENGINE_CALL_MS, &answer, err))
		return false;
	*exists = answer.status == 200;
	*triggers = NULL;
	if (answer.status == 404 || answer.status == 400) /* 400: it is no name */
		return true;
	if (answer.status != 200)
		return engine_refused(&answer, err, "inspect the image");
	array = json_object_get(json_object_get(answer.json, "Config"), "OnBuild");
	if (json_array_size(array) == 0)
		return true;
	*triggers = engine_image_join_lines(array);
	return *triggers != NULL ||
	    error_set(err, ERROR_SYSTEM, "inspect the image: not enough memory");
}
