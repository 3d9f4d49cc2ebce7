/*
 * Compares the containers of builds before and after a build.
 */
#include "buildrest.h"

#include "cleanup.h"
#include "clock.h"
#include "engine_podmanbuild.h"
#include "log.h"

void
buildrest_clear(struct buildrest *rest)
{
	json_decref(rest->before);
	rest->before = NULL;
}

bool
buildrest_begin(struct buildrest *rest, struct worker *worker, enum builder builder,
    struct error *err)
{
	buildrest_clear(rest);
	if (builder != BUILDER_PODMAN)
		return true;
	rest->before = engine_podmanbuild_list(&worker->engine, err);
	return rest->before != NULL;
}

/* Whether a container is there that was not there before. */
static bool
buildrest_goes_on(const struct buildrest *rest, struct worker *worker)
{
	struct error err;
	cleanup_json json_t *now = NULL;
	const char *id;
	json_t *value;

	/* The scheduler interrupts a cancelled build at each poll. */
	engine_resume(&worker->engine);
	now = engine_podmanbuild_list(&worker->engine, &err);
	json_object_foreach (now, id, value)
		if (json_object_get(rest->before, id) == NULL)
			return true;
	return now == NULL; /* the engine did not answer */
}

void
buildrest_wait(struct buildrest *rest, struct worker *worker)
{
	int64_t until_ms = clock_monotonic_ms() + worker->config->build.timeout * MS_PER_S;
	int tries = 0;

	if (rest->before == NULL)
		return;
	while (!worker->spooler->stopping && buildrest_goes_on(rest, worker)) {
		if (tries == 1)
			log_write(LOG_INFO, "waiting for a RUN that goes on after its build");
		if (clock_monotonic_ms() >= until_ms || !worker_pause(worker, &tries))
			break;
	}
	buildrest_clear(rest);
}
