/*
 * Starts a container of Kabuto's own to see whether the engine works. An engine that is shutting
 * down, or whose containerd or runtime is missing, refuses every container with HTTP 500, as it
 * refuses one that can never start.
 */
#include "engineprobe.h"

#include <stdio.h>
#include <stdlib.h>

#include "cleanup.h"
#include "clock.h"
#include "emptyimage.h"
#include "engine_container.h"
#include "jobspec.h"
#include "mount.h"

#define SOUND_MS 10000 /* how long a positive result holds */
#define LABEL    "probe"

bool
engineprobe_open(struct spooler *spooler, struct error *err)
{
	spooler->probe = calloc(1, sizeof *spooler->probe);
	if (spooler->probe == NULL)
		return error_set(err, ERROR_SYSTEM, "start the spooler: not enough memory");
	pthread_mutex_init(&spooler->probe->lock, NULL);
	return true;
}

void
engineprobe_close(struct spooler *spooler)
{
	if (spooler->probe == NULL)
		return;
	pthread_mutex_destroy(&spooler->probe->lock);
	free(spooler->probe);
	spooler->probe = NULL;
}

/* Starts the container. kabuto-init ends at once, because it has no program to run. */
static bool
engineprobe_start(struct worker *worker, const char *name, struct error *err)
{
	cleanup_json json_t *entrypoint = json_pack("[s]", MOUNT_INIT);
	struct container_spec spec = { .entrypoint = entrypoint, .network = "none" };
	char id[CONTAINER_ID];

	mount_add(&spec, worker->config, MOUNT_INIT, true, "bin/kabuto-init");
	return emptyimage_create(worker, name, LABEL, &spec, id, err) &&
	    engine_container_start(&worker->engine, id, err);
}

static bool
engineprobe_try(struct worker *worker)
{
	char name[CONTAINER_NAME];
	struct error err;
	bool started;

	snprintf(name, sizeof name, "kabuto-%s-probe", worker->spooler->instance);
	if (!engine_ping(&worker->engine, &err) ||
	    !engine_container_remove(&worker->engine, name, &err)) /* of a former spooler */
		return false;
	started = engineprobe_start(worker, name, &err);
	/* If this fails, the sweep removes it. */
	(void)engine_container_remove(&worker->engine, name, &err);
	return started;
}

bool
engineprobe_is_sound(struct worker *worker)
{
	struct engineprobe *probe = worker->spooler->probe;
	bool sound;

	pthread_mutex_lock(&probe->lock);
	sound = clock_monotonic_ms() < probe->sound_until || engineprobe_try(worker);
	if (sound && probe->sound_until <= clock_monotonic_ms())
		probe->sound_until = clock_monotonic_ms() + SOUND_MS;
	pthread_mutex_unlock(&probe->lock);
	return sound;
}
