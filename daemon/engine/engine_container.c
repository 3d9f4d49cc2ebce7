/*
 * The API's calls for containers.
 */
#include "engine_container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "engine_refusal.h"
#include "engine_time.h"

#define STOP_MARGIN_S 30 /* time for the engine's own work after the grace period */
#define START_MS      (10 * 60 * 1000)
#define PATH_TEXT     512

static json_t *
engine_container_mounts_json(const struct container_spec *spec)
{
	json_t *array = json_array();

	for (size_t i = 0; i < spec->mount_count; i++)
		json_array_append_new(array,
		    json_pack("{s:s, s:s, s:s, s:b}", "Type", "bind", "Source",
			spec->mounts[i].source, "Target", spec->mounts[i].target, "ReadOnly",
			(int)spec->mounts[i].read_only));
	return array;
}

static json_t *
engine_container_capabilities_json(const struct container_spec *spec)
{
	json_t *array = json_array();

	for (size_t i = 0; i < spec->capability_count; i++)
		json_array_append_new(array, json_string(spec->capabilities[i]));
	return array;
}

/*
 * Returns the addition to /etc/hosts that makes the container's own host name known, or NULL. With
 * the network none Docker knows no address for it. It refuses additions if the container joins
 * another one's network; then the hosts file comes from there.
 */
static json_t *
engine_container_extra_hosts_json(const struct container_spec *spec)
{
	return strcmp(spec->network, "none") == 0 && spec->hostname != NULL
	    ? json_pack("[s+]", spec->hostname, ":127.0.0.1")
	    : NULL;
}

/*
 * Builds the HostConfig. It takes away everything that a job does not need (design, section 5).
 * /dev/shm may be as large as the memory, since what lies there counts as memory (Docker's default
 * is 64 MB, which PyTorch, Chrome and PostgreSQL exceed).
 */
static json_t *
engine_container_host_config(const struct container_spec *spec)
{
	return json_pack(
	    "{s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:[s], s:o, s:[s], s:{s:s}, s:{s:s}, s:b, s:b, s:o*, s:s*, s:s*}",
	    "Mounts", engine_container_mounts_json(spec), "NetworkMode", spec->network, "Memory",
	    (json_int_t)spec->memory, "MemorySwap", (json_int_t)spec->memory, "ShmSize",
	    (json_int_t)spec->memory, "NanoCpus", (json_int_t)(spec->cpus * 1e9), "PidsLimit",
	    (json_int_t)spec->pids, "CapDrop", "ALL", "CapAdd",
	    engine_container_capabilities_json(spec), "SecurityOpt", "no-new-privileges",
	    "LogConfig", "Type", "none", "RestartPolicy", "Name", "no", "Privileged", 0, "Init", 0,
	    "ExtraHosts", engine_container_extra_hosts_json(spec), "Runtime",
	    spec->runtime != NULL && spec->runtime[0] != '\0' ? spec->runtime : NULL,
	    "CgroupParent",
	    spec->cgroup_parent != NULL && spec->cgroup_parent[0] != '\0' ? spec->cgroup_parent
									  : NULL);
}

/*
 * Returns the host name to send, or NULL. Docker refuses a host name for a container that shares a
 * network, because it has the other container's. Podman sets it for each container.
 */
static const char *
engine_container_hostname_of(const struct engine *engine, const struct container_spec *spec)
{
	return engine->podman || strncmp(spec->network, "container:", 10) != 0 ? spec->hostname
									       : NULL;
}

static json_t *
engine_container_create_body(const struct engine *engine, const struct container_spec *spec)
{
	return json_pack("{s:s, s:O, s:O, s:O*, s:O, s:s*, s:s*, s:s*, s:s, s:{s:[s]}, s:o}",
	    "Image", spec->image, "Entrypoint", spec->entrypoint, "Cmd", spec->command, "Env",
	    spec->env, "Labels", spec->labels, "WorkingDir", spec->workdir, "Hostname",
	    engine_container_hostname_of(engine, spec), "User", spec->user, "StopSignal", "SIGTERM",
	    "Healthcheck", "Test", "NONE", "HostConfig", engine_container_host_config(spec));
}

/* Returns the names of an object's members, in one line. The caller frees it. */
static char *
engine_container_names(json_t *object)
{
	char *names = strdup("");
	const char *name;
	json_t *value;

	json_object_foreach (object, name, value) {
		cleanup_free char *shorter = names;

		if (shorter == NULL ||
		    asprintf(&names, "%s%s%s", shorter, shorter[0] != '\0' ? ", " : "", name) < 0)
			return NULL;
	}
	return names;
}

bool
engine_container_check_runtime(struct engine *engine, const char *runtime, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	cleanup_free char *names = NULL;
	json_t *runtimes;

	if (!engine_agree(engine, err))
		return false;
	if (engine->podman)
		return error_set(err, ERROR_AWAY,
		    "engine { runtime = \"%s\" }: Podman takes its runtime from containers.conf: set it there, and leave this setting empty",
		    runtime);
	if (!engine_call(engine, "GET", "/info", NULL, ENGINE_CALL_MS, &answer, err))
		return false;
	if (answer.status != 200)
		return engine_refused(&answer, err, "read the engine's runtimes");
	runtimes = json_object_get(answer.json, "Runtimes");
	if (json_object_get(runtimes, runtime) != NULL)
		return true;
	names = engine_container_names(runtimes);
	return error_set(err, ERROR_AWAY,
	    "engine { runtime = \"%s\" }: the engine has only the runtimes %s: name one of them, or add this one to the engine's daemon.json",
	    runtime, names != NULL ? names : "");
}

static bool
engine_container_is_complete(json_t *body, const struct container_spec *spec)
{
	json_t *host = json_object_get(body, "HostConfig");

	return json_array_size(json_object_get(host, "Mounts")) == spec->mount_count &&
	    json_array_size(json_object_get(host, "CapAdd")) == spec->capability_count;
}

static void
engine_container_copy_id(char id[static CONTAINER_ID], const json_t *answer)
{
	const char *text = json_string_value(json_object_get(answer, "Id"));

	snprintf(id, CONTAINER_ID, "%s", text != NULL ? text : "");
}

/* Reads a refusal of a creation or a start. Always returns false. */
static bool
engine_container_refused(const struct engine_answer *answer, struct error *err, const char *doing)
{
	engine_refused(answer, err, doing);
	if (engine_refusal_find(err->text) != REFUSAL_NONE)
		err->kind = ERROR_INPUT;
	return false;
}

bool
engine_container_create(struct engine *engine, const char *name, const struct container_spec *spec,
    char id[static CONTAINER_ID], struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	cleanup_json json_t *body = NULL;
	char path[PATH_TEXT];

	if (!engine_agree(engine, err))
		return false;
	body = engine_container_create_body(engine, spec);
	/* jansson leaves out members if memory is short: the body must be complete. */
	if (!engine_container_is_complete(body, spec))
		return error_set(err, ERROR_SYSTEM, "create a container: not enough memory");
	snprintf(path, sizeof path, "/containers/create?name=%s", name);
	if (!engine_call(engine, "POST", path, body, ENGINE_CALL_MS, &answer, err))
		return false;
	if (answer.status != 201) {
		engine_container_refused(&answer, err, "create the container");
		/* Podman answers 500 here. */
		if (strstr(err->text, "name is already in use") != NULL)
			err->kind = ERROR_CONFLICT;
		return false;
	}
	engine_container_copy_id(id, answer.json);
	return id[0] != '\0' ||
	    error_set(err, ERROR_AWAY,
		"the engine did not return the id of the container it created");
}

bool
engine_container_start(struct engine *engine, const char *name, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	char path[PATH_TEXT];

	snprintf(path, sizeof path, "/containers/%s/start", name);
	/*
	 * A long time limit: if the engine hangs for a while, it would still start the container
	 * later.
	 */
	if (!engine_call(engine, "POST", path, NULL, START_MS, &answer, err))
		return false;
	return answer.status == 204 || answer.status == 304 ||
	    engine_container_refused(&answer, err, "start the container");
}

/*
 * Maps a status to a state. "paused" and "restarting" count as running, because the container has
 * not ended.
 */
static enum container_state
engine_container_state_of(const char *status)
{
	static const struct {
		const char *status;
		enum container_state state;
	} known[] = {
		{ "created", CONTAINER_CREATED },
		{ "configured", CONTAINER_CREATED }, /* Podman */
		{ "exited", CONTAINER_EXITED },
		{ "stopped", CONTAINER_EXITED }, /* Podman */
		{ "dead", CONTAINER_ABSENT },    /* it is being removed */
		{ "removing", CONTAINER_ABSENT },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(status, known[i].status) == 0)
			return known[i].state;
	return CONTAINER_RUNNING;
}

bool
engine_container_inspect(struct engine *engine, const char *name, struct container_info *info,
    struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	const char *status = NULL, *started = NULL, *finished = NULL, *network = NULL;
	json_int_t exit_code = 0;
	int oom_killed = 0;
	char path[PATH_TEXT];

	snprintf(path, sizeof path, "/containers/%s/json", name);
	if (!engine_call(engine, "GET", path, NULL, ENGINE_CALL_MS, &answer, err))
		return false;
	*info = (struct container_info){ .state = CONTAINER_ABSENT };
	if (answer.status == 404)
		return true;
	if (answer.status != 200)
		return engine_refused(&answer, err, "inspect the container");
	if (json_unpack(answer.json, "{s:{s:s, s:I, s?b, s?s, s?s}, s?{s?s}}", "State", "Status",
		&status, "ExitCode", &exit_code, "OOMKilled", &oom_killed, "StartedAt", &started,
		"FinishedAt", &finished, "HostConfig", "NetworkMode", &network) < 0)
		return error_set(err, ERROR_AWAY,
		    "the engine's description of a container is not valid");
	engine_container_copy_id(info->id, answer.json);
	info->state = engine_container_state_of(status);
	info->exit_code = exit_code;
	info->oom_killed = oom_killed != 0;
	info->started_at = engine_time_read(started);
	info->finished_at = engine_time_read(finished);
	info->joined = network != NULL && strncmp(network, "container:", 10) == 0;
	return true;
}

bool
engine_container_wait(struct engine *engine, const char *name, int64_t timeout_ms,
    struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	int64_t begun = clock_monotonic_ms();
	char path[PATH_TEXT];

	snprintf(path, sizeof path, "/containers/%s/wait?condition=not-running", name);
	if (!engine_call(engine, "POST", path, NULL, timeout_ms, &answer, err)) {
		/*
		 * Our own time limit has passed; the engine is not away. The next inspect reads the
		 * state.
		 */
		return err->kind == ERROR_AWAY && clock_monotonic_ms() - begun >= timeout_ms;
	}
	return answer.status == 200 || answer.status == 404 ||
	    engine_refused(&answer, err, "wait for the container");
}

bool
engine_container_stop(struct engine *engine, const char *name, int64_t grace, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	char path[PATH_TEXT];

	snprintf(path, sizeof path, "/containers/%s/stop?t=%lld", name, (long long)grace);
	if (!engine_call(engine, "POST", path, NULL, (grace + STOP_MARGIN_S) * MS_PER_S, &answer,
		err))
		return false;
	return answer.status == 204 || answer.status == 304 || answer.status == 404 ||
	    engine_refused(&answer, err, "stop the container");
}

static bool
engine_container_remove_named(struct engine *engine, const char *name, int force, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	char path[PATH_TEXT];

	snprintf(path, sizeof path, "/containers/%s?v=1&force=%d", name, force);
	if (!engine_call(engine, "DELETE", path, NULL, ENGINE_CALL_MS, &answer, err))
		return false;
	return answer.status == 204 || answer.status == 200 || answer.status == 404 ||
	    engine_refused(&answer, err, "remove the container");
}

bool
engine_container_remove(struct engine *engine, const char *name, struct error *err)
{
	return engine_container_remove_named(engine, name, 1, err);
}

bool
engine_container_remove_idle(struct engine *engine, const char *id, struct error *err)
{
	return id[0] == '\0' || engine_container_remove_named(engine, id, 0, err);
}

bool
engine_container_each(struct engine *engine, const char *label, const char *value,
    container_visit *visit, void *context, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	cleanup_free char *filters = NULL, *escaped = NULL, *path = NULL;
	json_t *container;
	size_t i;

	if (asprintf(&filters, "{\"label\":[\"%s=%s\"]}", label, value) < 0 ||
	    (escaped = engine_escape(filters)) == NULL ||
	    asprintf(&path, "/containers/json?all=1&filters=%s", escaped) < 0)
		return error_set(err, ERROR_SYSTEM, "list the containers: not enough memory");
	if (!engine_call(engine, "GET", path, NULL, ENGINE_CALL_MS, &answer, err))
		return false;
	if (answer.status != 200)
		return engine_refused(&answer, err, "list the containers");
	json_array_foreach (answer.json, i, container) {
		const char *id = NULL;
		json_t *labels = NULL;

		if (json_unpack(container, "{s:s, s:o}", "Id", &id, "Labels", &labels) == 0 &&
		    !visit(id, labels, context, err))
			return false;
	}
	return true;
}

/* The API's kinds of change: 0 modified, 1 added, 2 deleted. */
#define CHANGE_ADDED 1

static const char *
engine_container_added_path(json_t *changes, size_t i)
{
	json_t *change = json_array_get(changes, i);
	bool added = json_integer_value(json_object_get(change, "Kind")) == CHANGE_ADDED;

	return added ? json_string_value(json_object_get(change, "Path")) : NULL;
}

bool
engine_container_each_added(struct engine *engine, const char *name, container_added_visit *visit,
    void *context, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	char path[PATH_TEXT];

	snprintf(path, sizeof path, "/containers/%s/changes", name);
	if (!engine_call(engine, "GET", path, NULL, ENGINE_CALL_MS, &answer, err))
		return false;
	if (answer.status != 200)
		return engine_refused(&answer, err, "list what the container changed");
	for (size_t i = 0; i < json_array_size(answer.json); i++) {
		const char *at = engine_container_added_path(answer.json, i),
			   *next = engine_container_added_path(answer.json, i + 1);
		size_t length = at == NULL ? 0 : strlen(at);

		/* The engine lists a folder before its content. */
		if (at != NULL &&
		    (next == NULL || strncmp(next, at, length) != 0 || next[length] != '/'))
			visit(at, context);
	}
	return true;
}

/* Go's bits for what a file is, above its permissions (io/fs.ModeType). */
#define MODE_TYPE 0x8f280000u

bool
engine_container_stat(struct engine *engine, const char *name, const char *path,
    struct container_path *stat, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	cleanup_free char *escaped = engine_escape(path), *url = NULL;
	const char *modified = NULL;
	json_int_t size = 0, mode = 0;

	if (escaped == NULL || asprintf(&url, "/containers/%s/archive?path=%s", name, escaped) < 0)
		return error_set(err, ERROR_SYSTEM, "describe a file: not enough memory");
	if (!engine_call(engine, "HEAD", url, NULL, ENGINE_CALL_MS, &answer, err))
		return false;
	*stat = (struct container_path){ 0 };
	if (answer.status == 404)
		return true;
	if (answer.status != 200 ||
	    json_unpack(answer.json, "{s:I, s:I, s:s}", "size", &size, "mode", &mode, "mtime",
		&modified) < 0)
		return engine_refused(&answer, err, "describe a file of the container");
	stat->regular = ((uint64_t)mode & MODE_TYPE) == 0;
	stat->size = size;
	stat->modified = engine_time_read(modified);
	return true;
}
