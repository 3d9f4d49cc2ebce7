/*
 * The sweep of containers. A container's labels tell to which row it belongs. The sweep asks the
 * engine first and the database second. A container is created after its attempt is recorded as
 * running, so the sweep never removes a new container.
 */
#include "containersweep.h"

#include <string.h>

#include "engine_container.h"
#include "job.h"
#include "jobspec.h"
#include "jobstate.h"
#include "log.h"
#include "number.h"
#include "sandbox.h"
#include "worker.h"

struct containersweep {
	struct worker *worker;
	struct sweep *sweep;
};

static bool
containersweep_is_needed(struct worker *worker, json_t *labels, bool *needed, struct error *err)
{
	const char *job_text = NULL, *attempt_text = NULL, *slot;
	int64_t id, attempt;
	struct job job;

	slot = json_string_value(json_object_get(labels, SANDBOX_LABEL));
	if (slot != NULL && slot[0] != '\0')
		return sandbox_is_needed(worker, slot, needed, err);
	/*
	 * Containers inherit the label from our images, so a container with the label may not be
	 * ours.
	 */
	*needed = json_object_get(labels, "kabuto.job") == NULL;
	if (*needed)
		return true;
	if (json_unpack(labels, "{s:s, s:s}", "kabuto.job", &job_text, "kabuto.attempt",
		&attempt_text) < 0 ||
	    !number_parse_integer(job_text, &id) || !number_parse_integer(attempt_text, &attempt))
		return true;
	if (!job_read(&worker->db, id, &job, err))
		return false;
	*needed = strcmp(job.state, "running") == 0 && job.attempt == attempt;
	job_clear(&job);
	return true;
}

static bool
containersweep_visit(const char *id, json_t *labels, void *context, struct error *err)
{
	struct containersweep *scan = context;
	struct worker *worker = scan->worker;
	bool needed = true;

	if (containersweep_is_needed(worker, labels, &needed, err) &&
	    (needed || engine_container_remove(&worker->engine, id, err))) {
		scan->sweep->containers += !needed;
		if (!needed)
			log_write(LOG_INFO,
			    "sweep: removed container %.12s, which no running job uses", id);
		return true;
	}
	if (err->kind == ERROR_AWAY || err->kind == ERROR_INTERRUPTED)
		return false;
	error_wrap(err, "container %.12s", id);
	/* ERROR_CONFLICT: another process is removing it. */
	if (err->kind != ERROR_CONFLICT)
		sweep_add_error(scan->sweep, err->text);
	log_write(err->kind == ERROR_CONFLICT ? LOG_INFO : LOG_WARNING, "sweep: %s", err->text);
	return true;
}

/* Removes the container of an attempt that is over, if it still exists. */
static bool
containersweep_remove_over(int64_t job, int64_t attempt, void *context, struct error *err)
{
	struct worker *worker = context;
	char name[CONTAINER_NAME];

	jobspec_container(name, worker->spooler->instance, job, attempt);
	if (engine_container_remove(&worker->engine, name, err))
		return true;
	if (err->kind == ERROR_AWAY || err->kind == ERROR_INTERRUPTED)
		return false;
	log_write(LOG_WARNING, "sweep: %s; the next sweep tries again", err->text);
	return true;
}

/*
 * One container that the engine has damaged, perhaps not even ours, may make the list fail for
 * ever. That must not stop all jobs: then the names that our rows give are enough.
 */
bool
containersweep_run(struct worker *worker, struct sweep *sweep, struct error *err)
{
	struct containersweep scan = { worker, sweep };

	if (engine_container_each(&worker->engine, "kabuto.instance", worker->spooler->instance,
		containersweep_visit, &scan, err))
		return true;
	if (err->kind != ERROR_ENGINE)
		return false;
	sweep_add_error(sweep, err->text);
	log_write(LOG_WARNING, "sweep: %s; removing only containers whose names are known",
	    err->text);
	return jobstate_each_over(&worker->db, containersweep_remove_over, worker, err);
}
