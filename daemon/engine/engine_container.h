#ifndef KABUTO_ENGINE_CONTAINER_H
#define KABUTO_ENGINE_CONTAINER_H
/*
 * The API's calls for containers, by name.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "error.h"

enum container_state {
	CONTAINER_ABSENT,
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_EXITED,
	CONTAINER_STATES
};

#define CONTAINER_ID 72 /* bytes of a container's id, including the NUL */

struct container_info {
	char id[CONTAINER_ID]; /* empty: no container has that name */
	enum container_state state;
	int64_t exit_code;
	bool oom_killed;
	int64_t started_at;  /* ms since 1970; 0: not yet */
	int64_t finished_at; /* ms since 1970; 0: unknown */
	bool joined;         /* it uses another container's network */
};

/* A bind mount: source on the engine's host, target in the container. */
struct container_mount {
	char source[4096];
	const char *target;
	bool read_only;
};
#define CONTAINER_MOUNTS 10

/* What a container is made from. A text that is NULL keeps the image's value. */
struct container_spec {
	const char *image;
	json_t *entrypoint; /* array of strings */
	json_t *command;    /* array of strings */
	json_t *env;        /* array of strings, or NULL */
	json_t *labels;     /* object of strings */
	const char *workdir;
	const char *user;
	const char *runtime; /* of the engine; empty or NULL: its default */
	const char *network; /* "none", "bridge", or "container:<name>" (its network) */
	const char *hostname;
	const char *cgroup_parent; /* NULL or "": the engine's */
	int64_t memory;            /* bytes, including swap */
	double cpus;
	int64_t pids;
	char *const *capabilities;
	size_t capability_count;
	struct container_mount mounts[CONTAINER_MOUNTS];
	size_t mount_count;
};

/*
 * Checks that the engine can start containers with that runtime (GET /info). If not, err is
 * ERROR_AWAY, because the engine cannot be used until the operator has acted.
 */
bool engine_container_check_runtime(struct engine *engine, const char *runtime, struct error *err);

/*
 * Creates the container; id gets its id. ERROR_INPUT: the engine will always refuse it;
 * engine_refusal.h tells more. ERROR_CONFLICT: the name is in use. Then an earlier try
 * may have created the container without an answer, and its image or mounts may be outdated.
 */
bool engine_container_create(struct engine *engine, const char *name,
    const struct container_spec *spec, char id[static CONTAINER_ID], struct error *err);

/*
 * Starts the container, by name or id. Success if it already runs. ERROR_INPUT: as at the creation.
 * With an id, a call that the engine carries out late cannot start another container of the same
 * name.
 */
bool engine_container_start(struct engine *engine, const char *name, struct error *err);

/* Reads the container's state. CONTAINER_ABSENT is not an error. */
bool engine_container_inspect(struct engine *engine, const char *name, struct container_info *info,
    struct error *err);

/*
 * Waits until the container does not run, for timeout_ms at most. Returns true in both cases;
 * engine_container_inspect returns the new state.
 */
bool engine_container_wait(struct engine *engine, const char *name, int64_t timeout_ms,
    struct error *err);

/* Asks the container to stop and kills it after grace seconds. Returns when it has stopped. */
bool engine_container_stop(struct engine *engine, const char *name, int64_t grace,
    struct error *err);

/*
 * Removes the container, running or not, with its anonymous volumes. Success if it does not exist.
 */
bool engine_container_remove(struct engine *engine, const char *name, struct error *err);

/*
 * Removes the container unless it runs. It takes an id, so that a call that the engine carries out
 * late cannot remove another container of the same name. Success if the container does not exist;
 * id may be empty. ERROR_CONFLICT: it runs, or another process is removing it.
 */
bool engine_container_remove_idle(struct engine *engine, const char *id, struct error *err);

/*
 * Calls visit with the path of each file that the container added to its image, and of each added
 * folder without such a file, in the engine's order. If the container added more than the engine
 * can list, the rest is left out without an error.
 */
typedef void container_added_visit(const char *path, void *context);
bool engine_container_each_added(struct engine *engine, const char *name,
    container_added_visit *visit, void *context, struct error *err);

/* A path in a container. */
struct container_path {
	bool regular;     /* it is a regular file; false also if it does not exist */
	int64_t size;     /* bytes */
	int64_t modified; /* ms since 1970 */
};

/* Describes a path in the container, which may have ended. Needs 2 ms in Docker, 100 in Podman. */
bool engine_container_stat(struct engine *engine, const char *name, const char *path,
    struct container_path *stat, struct error *err);

/*
 * Calls visit for each container that has the label, whatever its state. labels is an object of
 * strings.
 */
typedef bool container_visit(const char *id, json_t *labels, void *context, struct error *err);
bool engine_container_each(struct engine *engine, const char *label, const char *value,
    container_visit *visit, void *context, struct error *err);

#endif
