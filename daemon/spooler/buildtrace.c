/*
 * Finds and removes what a failed build leaves.
 */
#include "buildtrace.h"

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "engine_container.h"
#include "engine_tags.h"
#include "engine_time.h"
#include "log.h"

#define IMAGES_MOST 64 /* that wait for their removal; more stay on the engine */
#define TRIES_MOST  5  /* while calls are interrupted, or the last step's container exists */
#define HEX         "0123456789abcdef"
#define ARROW       " ---> "
#define RUNNING     ARROW "Running in "

static struct {
	pthread_mutex_t lock;
	pthread_cond_t removed;
	int building;
	bool removing;
	struct buildtrace traces[IMAGES_MOST];
	size_t count;
} shared = { .lock = PTHREAD_MUTEX_INITIALIZER, .removed = PTHREAD_COND_INITIALIZER };

/* Copies an id that is the whole rest of a line. Returns false if it is none. */
static bool
buildtrace_take_id(const char *text, char id[static BUILDTRACE_ID])
{
	size_t length = strspn(text, HEX);

	if (length < 12 || length >= BUILDTRACE_ID || strcmp(text + length, "\n") != 0)
		return false;
	memcpy(id, text, length);
	id[length] = '\0';
	return true;
}

void
buildtrace_read(struct buildtrace *trace, const char *stream)
{
	if (strncmp(stream, RUNNING, strlen(RUNNING)) == 0)
		(void)buildtrace_take_id(stream + strlen(RUNNING), trace->container);
	else if (strncmp(stream, ARROW, strlen(ARROW)) == 0 &&
	    buildtrace_take_id(stream + strlen(ARROW), trace->image))
		trace->container[0] = '\0'; /* the step has ended */
}

void
buildtrace_read_output(struct buildtrace *trace, int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_file FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	cleanup_free char *line = NULL;
	size_t room = 0;

	if (file == NULL && fd >= 0)
		(void)close(fd);
	while (file != NULL && getline(&line, &room, file) > 0) {
		cleanup_json json_t *message = json_loads(line, 0, NULL);
		const char *stream = json_string_value(json_object_get(message, "stream"));

		if (stream != NULL)
			buildtrace_read(trace, stream);
	}
}

/*
 * *of_build tells whether the container may be one of this build. Containers of jobs and sandboxes
 * have labels, one that is older than the build is not its own, and one that is not Kabuto's has
 * other limits.
 */
static bool
buildtrace_is_of_build(struct worker *worker, const struct buildtrace *trace, bool *of_build,
    struct error *err)
{
	const json_int_t memory = worker->config->build.memory;
	cleanup_answer struct engine_answer answer = { 0 };
	char path[BUILDTRACE_ID + 32];
	json_t *labels, *limits;

	snprintf(path, sizeof path, "/containers/%s/json", trace->container);
	if (!engine_call(&worker->engine, "GET", path, NULL, ENGINE_CALL_MS, &answer, err))
		return false;
	labels = json_object_get(json_object_get(answer.json, "Config"), "Labels");
	limits = json_object_get(answer.json, "HostConfig");
	*of_build = answer.status == 200 &&
	    engine_time_read(json_string_value(json_object_get(answer.json, "Created"))) >=
		trace->since &&
	    json_object_get(labels, "kabuto.job") == NULL &&
	    json_object_get(labels, "kabuto.sandbox") == NULL &&
	    json_integer_value(json_object_get(limits, "Memory")) == memory &&
	    json_integer_value(json_object_get(limits, "ShmSize")) == memory;
	return true;
}

void
buildtrace_remove_container(struct worker *worker, struct buildtrace *trace)
{
	struct error err;
	bool of_build = false;

	if (trace->container[0] == '\0')
		return;
	if (!buildtrace_is_of_build(worker, trace, &of_build, &err) ||
	    (of_build && !engine_container_remove(&worker->engine, trace->container, &err)))
		log_write(LOG_WARNING, "remove the container of a build that was cut: %s",
		    err.text);
	else if (of_build)
		log_write(LOG_INFO, "removed container %.12s of a build that was cut",
		    trace->container);
	trace->container[0] = '\0';
}

void
buildtrace_begin(void)
{
	pthread_mutex_lock(&shared.lock);
	while (shared.removing)
		pthread_cond_wait(&shared.removed, &shared.lock);
	shared.building++;
	pthread_mutex_unlock(&shared.lock);
}

/* Removes the image. It stays if others are built on it: then the engine keeps it as a cache. */
static void
buildtrace_remove_image(struct worker *worker, const struct buildtrace *trace)
{
	struct error err;
	int tries = 0;

	while (!engine_tags_remove_untagged(&worker->engine, trace->image, trace->since, &err)) {
		bool passes = err.kind == ERROR_INTERRUPTED ||
		    (err.kind == ERROR_CONFLICT && strstr(err.text, "child") == NULL);

		if (passes && tries < TRIES_MOST && worker_pause(worker, &tries)) {
			/* The scheduler interrupts a cancelled build at each poll. */
			engine_resume(&worker->engine);
			continue;
		}
		log_write(err.kind == ERROR_CONFLICT ? LOG_INFO : LOG_WARNING,
		    "remove the layers of a failed build: %s", err.text);
		return;
	}
}

void
buildtrace_end(struct worker *worker, const struct buildtrace *trace)
{
	pthread_mutex_lock(&shared.lock);
	if (trace != NULL && trace->image[0] != '\0' && shared.count < IMAGES_MOST)
		shared.traces[shared.count++] = *trace;
	shared.building--;
	if (shared.building == 0 && shared.count > 0 && !worker->spooler->stopping) {
		shared.removing = true;
		pthread_mutex_unlock(&shared.lock); /* nobody else changes it meanwhile */
		engine_resume(&worker->engine);
		for (size_t i = 0; i < shared.count; i++)
			buildtrace_remove_image(worker, &shared.traces[i]);
		pthread_mutex_lock(&shared.lock);
		shared.count = 0;
		shared.removing = false;
		pthread_cond_broadcast(&shared.removed);
	}
	pthread_mutex_unlock(&shared.lock);
}
