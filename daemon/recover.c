/*
 * Sweeps of the spooler.
 */
#include "recover.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine_container.h"
#include "filesweep.h"
#include "job.h"
#include "message.h"
#include "quantity.h"
#include "utf8.h"

static void __attribute__((format(printf, 3, 4)))
tell(struct sweep *sweep, enum log_level level, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	sweep->tell(sweep->context, level, utf8_make_valid(text));
}

/* The spooler's own looks are told in its log. */
static void
tell_log(void *context, enum log_level level, const char *text)
{
	(void)context;
	log_write(level, "%s", text);
}

void
recover_files(struct worker *worker)
{
	struct filesweep sweep = { .spool = &worker->spooler->spool,
		.db = &worker->db,
		.started_ms = worker->spooler->started_ms,
		.stop = &worker->spooler->stopping,
		.tell = tell_log };

	filesweep_run(&sweep);
}

/* Whether a container is of an attempt that runs. */
static bool
is_needed(struct worker *worker, json_t *labels, bool *needed, struct error *err)
{
	const char *job_text = NULL, *attempt_text = NULL, *slot;
	int64_t id, attempt;
	struct job job;

	slot = json_string_value(json_object_get(labels, SANDBOX_LABEL));
	if (slot != NULL && slot[0] != '\0')
		return sandbox_is_needed(worker, slot, needed, err);
	/* An image of ours hands its label on to containers that are none of ours. */
	*needed = json_object_get(labels, "kabuto.job") == NULL;
	if (*needed)
		return true;
	if (json_unpack(labels, "{s:s, s:s}", "kabuto.job", &job_text, "kabuto.attempt",
		&attempt_text) < 0 ||
	    !integer_parse(job_text, &id) || !integer_parse(attempt_text, &attempt))
		return true;
	if (!job_read(&worker->db, id, &job, err))
		return false;
	*needed = strcmp(job.state, "running") == 0 && job.attempt == attempt;
	job_clear(&job);
	return true;
}

/* A look through the containers. */
struct look {
	struct worker *worker;
	struct sweep *sweep;
};

static bool
remove_unneeded(const char *id, json_t *labels, void *context, struct error *err)
{
	struct look *look = context;
	struct worker *worker = look->worker;
	bool needed = true;

	if (is_needed(worker, labels, &needed, err) && needed)
		return true;
	if (needed || (!look->sweep->dry_run && !container_remove(&worker->engine, id, err))) {
		if (err->kind == ERROR_AWAY || err->kind == ERROR_INTERRUPTED)
			return false;
		/* A conflict: somebody else is removing it. */
		tell(look->sweep, err->kind == ERROR_CONFLICT ? LOG_INFO : LOG_WARNING,
		    "container %.12s: %s", id, err->text);
		return true;
	}
	look->sweep->removed++;
	tell(look->sweep, LOG_INFO, "removed container %.12s, of which no job runs", id);
	return true;
}

bool
recover_sweep_containers(struct worker *worker, struct sweep *sweep, struct error *err)
{
	struct look look = { worker, sweep };

	return container_each(&worker->engine, "kabuto.instance", worker->spooler->instance,
	    remove_unneeded, &look, err);
}

bool
recover_containers(struct worker *worker, struct error *err)
{
	struct sweep sweep = { .tell = tell_log };

	return recover_sweep_containers(worker, &sweep, err);
}
