#ifndef KABUTO_ENGINE_CONTAINER_H
#define KABUTO_ENGINE_CONTAINER_H
/*
 * Containers, by name.
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

#define CONTAINER_ID 72 /* bytes of an id that the engine gives, with the NUL */

struct container_info {
	char id[CONTAINER_ID]; /* empty: there is none of that name */
	enum container_state state;
	int64_t exit_code;
	bool oom_killed;
	int64_t started_at;  /* ms since 1970; 0: not yet */
	int64_t finished_at; /* ms since 1970; 0: unknown */
	bool joined;         /* it shares another container's network */
};

/* A bind mount: source on the engine's host, target in the container. */
struct container_mount {
	char source[4096];
	const char *target;
	bool read_only;
};
#define CONTAINER_MOUNTS 9

/* What a container is made from. Texts are NULL where the image's own shall stand. */
struct container_spec {
	const char *image;
	json_t *entrypoint; /* array of strings */
	json_t *command;    /* likewise */
	json_t *env;        /* likewise, or NULL */
	json_t *labels;     /* object of strings */
	const char *workdir;
	const char *user;
	const char *network; /* "none", "bridge", or "container:<name>": that one's */
	const char *hostname;
	int64_t memory; /* bytes, swap included */
	double cpus;
	int64_t pids;
	char *const *capabilities;
	size_t capability_count;
	struct container_mount mounts[CONTAINER_MOUNTS];
	size_t mount_count;
};

/*
 * Creates it; id gets the engine's id of it. ERROR_CONFLICT: there is one of that name. A former
 * try may have made it, whose answer nobody saw: then it may be made of what is there no more.
 */
bool engine_container_create(struct engine *engine, const char *name,
    const struct container_spec *spec, char id[static CONTAINER_ID], struct error *err);

/*
 * Starts it, by name or id; one that runs is success. A call by id that the engine carries out late
 * starts no other container of that name.
 */
bool engine_container_start(struct engine *engine, const char *name, struct error *err);

/* What it is now; CONTAINER_ABSENT is no error. */
bool engine_container_inspect(struct engine *engine, const char *name, struct container_info *info,
    struct error *err);

/* Waits until it does not run, for timeout_ms at most: engine_container_inspect tells what then is.
 */
bool engine_container_wait(struct engine *engine, const char *name, int64_t timeout_ms,
    struct error *err);

/* Asks it to stop, and kills it after grace seconds. Comes back when it is over. */
bool engine_container_stop(struct engine *engine, const char *name, int64_t grace,
    struct error *err);

/* Removes it, running or not, with its anonymous volumes; one that is not there is success. */
bool engine_container_remove(struct engine *engine, const char *name, struct error *err);

/*
 * Removes it unless it runs. By id, so that a call that the engine carries out late removes no
 * other container of that name. One that is not there (id may be empty) is success. ERROR_CONFLICT:
 * it runs, or somebody else is removing it.
 */
bool engine_container_remove_idle(struct engine *engine, const char *id, struct error *err);

/*
 * Called with the path of each file that the container added to its image, and each folder without
 * such a file; in order, at least those that the engine lists first. More than it can list is no
 * error.
 */
typedef void container_added_visit(const char *path, void *context);
bool engine_container_each_added(struct engine *engine, const char *name,
    container_added_visit *visit, void *context, struct error *err);

/*
 * Called for each container that has the label, whatever its state. labels is an object of strings.
 */
typedef bool container_visit(const char *id, json_t *labels, void *context, struct error *err);
bool engine_container_each(struct engine *engine, const char *label, const char *value,
    container_visit *visit, void *context, struct error *err);

#endif
