/*
 * Runs a build: checks out the context if it comes from a repository, sends it to the engine, and
 * appends the engine's messages to builds/<id>/output as they arrive. If a registry is configured,
 * the image is pushed to it; the build succeeds only after the push.
 */
#include "buildrun.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "baseimage.h"
#include "checkout.h"
#include "cleanup.h"
#include "clock.h"
#include "buildfile.h"
#include "buildoutput.h"
#include "buildrest.h"
#include "buildtrace.h"
#include "engine_image.h"
#include "crash.h"
#include "imagename.h"
#include "log.h"
#include "registry.h"
#include "take.h"
#include "tree.h"
#include "utf8.h"
#include "worker.h"

/* Bytes of a repository's Dockerfile that the image shows. */
#define DOCKERFILE_MOST (1024 * 1024)
#define FAILURES_MOST   5 /* errors of the engine (HTTP 500) that a build survives */

struct build_state {
	struct worker *worker;
	const struct build *build;
	enum builder builder;
	int folder; /* builds/<id> */
	struct buildoutput output;
	int failures;            /* errors of the engine so far */
	bool said_away;          /* the output says that the engine is away */
	struct buildrest rest;   /* of Podman */
	struct buildtrace trace; /* of the current try; first of the one of a former spooler */
	bool built;              /* the engine has the image; only the registry's part is missing */
	char *dockerfile;        /* the repository's Dockerfile */
	struct buildfile file;   /* the Dockerfile for the engine */
	int64_t registry_away_ms; /* monotonic; since when it is away; 0: it is not */
};

static const char starved[] =
    "the machine was short of memory, so its newest build was ended: build again later, or with steps that need less memory";

#define log_build(state, level, format, ...)                                                       \
	log_write(level, "build=%lld " format,                                                     \
	    (long long)(state)->build->id __VA_OPT__(, ) __VA_ARGS__)

static bool
buildrun_append(struct build_state *state, json_t *message)
{
	cleanup_free char *whole = json_dumps(message, JSON_COMPACT);
	cleanup_free char *text = whole == NULL ? NULL : ownimage_mask(&state->file.own, whole);

	if (text != NULL)
		buildoutput_append(&state->output, text);
	return true;
}

static void __attribute__((format(printf, 2, 3)))
buildrun_say(struct build_state *state, const char *format, ...)
{
	cleanup_json json_t *message = NULL;
	cleanup_free char *said = NULL, *text = NULL;
	va_list arguments;
	size_t repaired;
	int length;

	va_start(arguments, format);
	length = vasprintf(&said, format, arguments);
	va_end(arguments);
	/* Programs print names in the repository's encoding, which may not be UTF-8. */
	text = length < 0 ? NULL : utf8_repair(said, (size_t)length, &repaired);
	message = text == NULL ? NULL : json_pack("{s:s}", "stream", text);
	if (message != NULL)
		(void)buildrun_append(state, message);
}

/* Opens an empty output. The output of a former try is deleted. */
static bool
buildrun_open_output(struct build_state *state, struct error *err)
{
	return buildoutput_open(&state->output, state->folder,
	    state->worker->config->build.output_limit, err);
}

static bool
buildrun_on_message(void *context, json_t *message)
{
	struct build_state *state = context;
	const char *stream = json_string_value(json_object_get(message, "stream"));

	if (stream != NULL && state->builder == BUILDER_CLASSIC)
		buildtrace_read(&state->trace, stream);
	return buildrun_append(state, message);
}

static bool
buildrun_is_cancelled(struct build_state *state)
{
	struct error ignored;
	bool cancelled = false;

	return build_is_cancelled(&state->worker->db, state->build->id, &cancelled, &ignored) &&
	    cancelled;
}

static bool
buildrun_checkout_stop(void *context)
{
	struct build_state *state = context;

	return state->worker->engine.interrupted;
}

static void
buildrun_checkout_output(void *context, const char *line)
{
	buildrun_say(context, "%s\n", line);
}

static char *
buildrun_context_path(const struct build_state *state, const char *folder)
{
	char *path = NULL;

	return asprintf(&path, "%s/builds/%lld/%s", state->worker->spooler->spool.path,
		   (long long)state->build->id, folder) < 0
	    ? NULL
	    : path;
}

/* Clones the build's repository, if it has one, into a new folder at each try. */
static bool
buildrun_check_out(struct build_state *state, struct error *err)
{
	cleanup_free char *path = buildrun_context_path(state, BUILD_CHECKOUT);
	const struct checkout checkout = { state->worker->config, path, buildrun_checkout_stop,
		buildrun_checkout_output, state };
	struct checkout_url url;

	if (state->build->repo_url == NULL)
		return true;
	if (path == NULL)
		return error_set(err, ERROR_SYSTEM, "check out: not enough memory");
	if (!checkout_url_parse(&url, state->build->repo_url, &checkout.config->build.schemes,
		err) ||
	    !tree_remove(state->folder, BUILD_CHECKOUT, err) ||
	    !checkout_clone(&checkout, &url, err))
		return false;
	crash_point("build", "checkout");
	return true;
}

/* Reads the Dockerfile of the context. The caller frees it. NULL with err set. */
static char *
buildrun_read_dockerfile(int context, const char *name, struct error *err)
{
	cleanup_free char *text = malloc(DOCKERFILE_MOST + 1);
	cleanup_close int fd = -1;
	ssize_t length;

	if (text == NULL) {
		error_set(err, ERROR_SYSTEM, "read the Dockerfile: not enough memory");
		return NULL;
	}
	fd = openat(context, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, text, DOCKERFILE_MOST + 1);
	if (length < 0) {
		/* It does not exist, or is a link, a socket or a folder. */
		if (errno == ENOENT || errno == ELOOP || errno == ENXIO || errno == EISDIR)
			error_set(err, ERROR_INPUT, "the repository has no Dockerfile at its root");
		else
			error_errno(err, "read the Dockerfile");
		return NULL;
	}
	if (length > DOCKERFILE_MOST || memchr(text, '\0', (size_t)length) != NULL) {
		error_set(err, ERROR_INPUT, "the Dockerfile is not text, or has more than %d bytes",
		    DOCKERFILE_MOST);
		return NULL;
	}
	text[length] = '\0';
	return take_pointer(&text);
}

static void
buildrun_end_failed(struct build_state *state, const char *how, const char *why)
{
	cleanup_free char *masked = ownimage_mask(&state->file.own, why);
	struct error err;
	int tries = 0;

	why = masked != NULL ? masked : "not enough memory";
	while (!build_fail(&state->worker->db, state->build->id, how, why, &err)) {
		log_build(state, LOG_WARNING, "%s, trying again", err.text);
		if (!worker_pause(state->worker, &tries))
			return;
	}
	crash_point("build", "fail");
	log_build(state, LOG_INFO, "ended state=%s error=\"%s\"", how, why);
}

/*
 * Decides what an error of a call means that needs the image which was built. Somebody may have
 * removed the image meanwhile, if it was in the engine's cache and had no tag yet. Then the next
 * try builds it again. Always returns false.
 */
static bool
buildrun_lost_image(struct build_state *state, struct error *err)
{
	if (err->kind == ERROR_NOT_FOUND) {
		state->built = false;
		err->kind = ERROR_ENGINE;
	}
	return false;
}

/*
 * The engine has the image; this writes its row. If the write fails, the build runs again, from the
 * engine's cache.
 */
static bool
buildrun_end_succeeded(struct build_state *state, const char *tag, struct error *err)
{
	const struct build *build = state->build;
	cleanup_free char *entrypoint = NULL, *cmd = NULL;

	if (!engine_image_inspect(&state->worker->engine, tag, &entrypoint, &cmd, err))
		return buildrun_lost_image(state, err);
	crash_point("build", "inspect");
	if (!build_succeed(&state->worker->db, build->id,
		build->repo_url != NULL ? state->dockerfile : build->dockerfile, entrypoint, cmd,
		err))
		return false;
	crash_point("build", "end");
	log_build(state, LOG_INFO, "ended state=SUCCESS image=%lld", (long long)build->image);
	return true;
}

static void
buildrun_on_push(void *context, json_t *message)
{
	(void)buildrun_append(context, message);
}

/* Pushes the image if a registry is configured. */
static bool
buildrun_push(struct build_state *state, const struct imagename *name, struct error *err)
{
	const struct config *config = state->worker->config;
	struct engine *engine = &state->worker->engine;
	cleanup_login struct registry_login login = { 0 };
	const struct image_transfer transfer = { .login = &login,
		.image = name->remote,
		.timeout_ms = config->registry.timeout * MS_PER_S,
		.message = buildrun_on_push,
		.message_context = state };

	if (!registry_log_in(config, &login, err))
		return false;
	if (login.address == NULL)
		return true;
	if (!engine_registry_tag(engine, name->local, name->remote, err))
		return buildrun_lost_image(state, err);
	crash_point("build", "tag");
	if (!engine_registry_push(engine, &transfer, err))
		return false;
	crash_point("build", "push");
	state->registry_away_ms = 0;
	return true;
}

static bool
buildrun_leaves_out(void *context, const char *path)
{
	return dockerignore_leaves_out(context, path);
}

/* Calls the builder. A build that takes too long has failed. */
static bool
buildrun_call_engine(struct build_state *state, const struct engine_image_build *build,
    char **failure, struct error *err)
{
	int64_t begun = clock_monotonic_ms();
	bool done;

	state->worker->in_buildkit = state->builder == BUILDER_BUILDKIT;
	done = engine_image_build(&state->worker->engine, build, failure, err);
	state->worker->in_buildkit = false;
	if (done) {
		buildrest_clear(&state->rest);
		return true;
	}
	if (err->kind != ERROR_AWAY || clock_monotonic_ms() - begun < build->timeout_ms)
		return false;
	return asprintf(failure, "the build took longer than %lld s",
		   (long long)(build->timeout_ms / MS_PER_S)) >= 0;
}

/*
 * Calls the builder, and removes what a build that failed or was cancelled has left on the engine.
 */
static bool
buildrun_call_builder(struct build_state *state, const struct engine_image_build *build,
    char **failure, struct error *err)
{
	bool done;

	if (state->builder != BUILDER_CLASSIC)
		return buildrest_begin(&state->rest, state->worker, state->builder, err) &&
		    buildrun_call_engine(state, build, failure, err);
	buildtrace_remove_container(state->worker, &state->trace);
	state->trace = (struct buildtrace){ .since = state->build->created_at };
	buildtrace_begin();
	done = buildrun_call_engine(state, build, failure, err);
	if (done ? *failure != NULL
		 : err->kind == ERROR_INTERRUPTED && buildrun_is_cancelled(state))
		buildtrace_end(state->worker, &state->trace);
	else
		buildtrace_end(state->worker, NULL);
	return done;
}

/* Builds the image on the engine. True: *failure is NULL, or says why the build failed. */
static bool
buildrun_build_image(struct build_state *state, const char *path, const char *tag, char **failure,
    struct error *err)
{
	const struct config *config = state->worker->config;
	cleanup_login struct registry_login login = { 0 };
	char cache_namespace[64];
	struct engine_image_build build = { .builder = state->builder,
		.tag = tag,
		.instance = state->worker->spooler->instance,
		.context = path,
		.network = config->build.network,
		.content = { state->file.text, buildrun_leaves_out, &state->file.ignore,
		    state->file.ignore.exceptions },
		.arguments = state->file.arguments,
		.nocache = state->build->nocache,
		.memory = config->build.memory,
		.cache_namespace = cache_namespace,
		.timeout_ms = config->build.timeout * MS_PER_S,
		.registry = &login,
		.message = buildrun_on_message,
		.message_context = state };

	snprintf(cache_namespace, sizeof cache_namespace, "%s-%lld", build.instance,
	    (long long)state->build->account);
	if (!registry_log_in(config, &login, err))
		return false;
	if (!buildrun_call_builder(state, &build, failure, err))
		return false;
	crash_point("build", "build");
	return true;
}

/*
 * Checks the Dockerfile of the context at path. *refusal gets the reason why it must not be built,
 * or NULL. The caller frees it.
 */
static bool
buildrun_check_dockerfile(struct build_state *state, const char *path, char **refusal,
    struct error *err)
{
	bool repository = state->build->repo_url != NULL;
	cleanup_close int context = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_free char *text = NULL;
	struct error reason = { .kind = ERROR_NONE };
	size_t length;

	if (context < 0)
		return error_errno(err, "open the build's context");
	text = buildrun_read_dockerfile(context, "Dockerfile", err);
	if (text == NULL)
		return false;
	if (repository) { /* the image shows it later */
		free(state->dockerfile);
		state->dockerfile = utf8_repair(text, strlen(text), &length);
	}
	buildfile_clear(&state->file);
	if (!buildfile_prepare(&state->file, state->worker, state->build, context, text, &reason)) {
		if (reason.kind != ERROR_INPUT) {
			*err = reason;
			return false;
		}
		*refusal = strdup(reason.text);
	}
	if ((repository && state->dockerfile == NULL) ||
	    (reason.kind != ERROR_NONE && *refusal == NULL))
		return error_set(err, ERROR_SYSTEM, "read the Dockerfile: not enough memory");
	return true;
}

static void
buildrun_on_pulling(void *context, const char *image)
{
	buildrun_say(context, "pulling the base image %s\n", image);
}

/* Gets the base images if the builder needs that. *refusal: why the build must fail. */
static bool
buildrun_get_base_images(struct build_state *state, char **refusal, struct error *err)
{
	if (state->builder != BUILDER_BUILDKIT)
		return true;
	if (!baseimage_prepare(state->worker, state->file.images, buildrun_on_pulling, state,
		refusal, err))
		return false;
	crash_point("build", "pull");
	return true;
}

/*
 * Makes the image, unless a former try has made it. True: the engine has the image, or the build
 * has failed (*failed).
 */
static bool
buildrun_make_image(struct build_state *state, const char *tag, bool *failed, struct error *err)
{
	bool repository = state->build->repo_url != NULL;
	cleanup_free char *path = buildrun_context_path(state,
	    repository ? BUILD_CHECKOUT "/" CHECKOUT_TREE : BUILD_CONTEXT);
	cleanup_free char *failure = NULL;

	*failed = false;
	if (state->built)
		return true;
	if (path == NULL)
		return error_set(err, ERROR_SYSTEM, "build: not enough memory");
	if (!buildrun_open_output(state, err))
		return false;
	crash_point("build", "output");
	if (!buildrun_check_out(state, err) ||
	    !buildrun_check_dockerfile(state, path, &failure, err))
		return false;
	if (failure == NULL && !buildrun_get_base_images(state, &failure, err))
		return false;
	if (failure == NULL && !buildrun_build_image(state, path, tag, &failure, err))
		return false;
	*failed = failure != NULL;
	if (failure != NULL)
		buildrun_end_failed(state, "FAILED", failure);
	state->built = failure == NULL;
	return true;
}

/* Makes one try. Returns true if the build has ended. */
static bool
buildrun_try_build(struct build_state *state, struct error *err)
{
	struct spooler *spooler = state->worker->spooler;
	struct imagename name;
	bool failed;

	/* Wait for the engine first. Otherwise each try would clone again and then only wait. */
	if (!engine_ping(&state->worker->engine, err))
		return false;
	spooler_record_engine(spooler, NULL);
	state->said_away = false;
	state->builder =
	    engine_builder_choose(&state->worker->engine, state->worker->config->build.builder);
	imagename_make(&name, state->worker->config, spooler->instance, state->build->image,
	    state->build->id, state->build->tag_secret);
	if (!buildrun_make_image(state, name.local, &failed, err))
		return false;
	if (failed)
		return true;
	return buildrun_push(state, &name, err) && buildrun_end_succeeded(state, name.local, err);
}

/*
 * Waits for a registry that is away, for at most registry.patience, and says so once in the output.
 * Returns true if the time is over.
 */
static bool
buildrun_lost_registry(struct build_state *state, const struct error *err)
{
	int64_t patience_ms = state->worker->config->registry.patience * MS_PER_S;

	if (state->registry_away_ms == 0) {
		state->registry_away_ms = clock_monotonic_ms();
		buildrun_say(state, "waiting: %s\n", err->text);
		log_build(state, LOG_WARNING, "%s, trying again", err->text);
	}
	return clock_monotonic_ms() - state->registry_away_ms >= patience_ms;
}

/*
 * Decides what follows a try that did not end the build. Returns true if the build has ended now or
 * is left to the next spooler.
 */
static bool
buildrun_settle(struct build_state *state, const struct error *err, int *tries)
{
	struct error ignored;

	switch (err->kind) {
	case ERROR_INTERRUPTED:
		return state->worker->spooler->stopping;
	case ERROR_AWAY:
		spooler_record_engine(state->worker->spooler, err);
		if (!state->said_away && buildrun_open_output(state, &ignored))
			buildrun_say(state, "waiting: %s\n", err->text);
		state->said_away = true;
		state->built = false; /* the output was deleted; the engine may be another */
		break;
	case ERROR_REGISTRY:
		if (!buildrun_lost_registry(state, err))
			break;
		buildrun_end_failed(state, "FAILURE", err->text);
		return true;
	case ERROR_BUSY:
	case ERROR_NO_SPACE:
		if (*tries == 0)
			log_build(state, LOG_WARNING, "%s, trying again", err->text);
		break;
	case ERROR_SYSTEM:
	case ERROR_ENGINE:
		/* An engine that is shutting down gives errors of all kinds. */
		if (state->failures++ < FAILURES_MOST)
			break;
		__attribute__((fallthrough));
	default:
		buildrun_end_failed(state, "FAILURE", err->text);
		return true;
	}
	return !worker_pause(state->worker, tries);
}

void
buildrun(struct worker *worker, const struct build *build)
{
	struct build_state state = {
		.worker = worker, .build = build, .output.fd = -1, .trace.since = build->created_at
	};
	struct error err = { .kind = ERROR_NONE };
	char name[24];
	int tries = 0;
	bool ended = false;

	snprintf(name, sizeof name, "%lld", (long long)build->id);
	state.folder = openat(worker->spooler->spool.builds, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (state.folder < 0) {
		error_errno(&err, "open the folder builds/%s", name);
		buildrun_end_failed(&state, "FAILURE", err.text);
		return;
	}
	buildtrace_read_output(&state.trace, state.folder, BUILD_OUTPUT);
	while (!ended) {
		engine_resume(&worker->engine);
		if (worker->spooler->stopping)
			break;
		if (buildrun_is_cancelled(&state)) {
			buildrun_end_failed(&state, "FAILED", BUILD_CANCELLED);
			ended = true;
		} else if (worker->starved) {
			buildrun_end_failed(&state, "FAILED", starved);
			ended = true;
		} else {
			ended = buildrun_try_build(&state, &err) ||
			    buildrun_settle(&state, &err, &tries);
		}
	}
	buildrest_wait(&state.rest, worker);
	if (!worker->spooler->stopping &&
	    (!spool_remove(&worker->spooler->spool, state.folder, BUILD_CONTEXT, NULL, &err) ||
		!tree_remove(state.folder, BUILD_CHECKOUT, &err)))
		log_build(&state, LOG_WARNING, "%s", err.text);
	buildoutput_close(&state.output);
	(void)close(state.folder);
	buildfile_clear(&state.file);
	free(state.dockerfile);
}
