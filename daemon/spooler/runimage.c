/*
 * Pulls a job's image from the registry if the engine no longer has it: it was pruned, or the
 * engine is another one.
 */
#include "runimage.h"

#include "build.h"
#include "clock.h"
#include "engine_registry.h"
#include "imagename.h"
#include "imagepull.h"
#include "joblog.h"
#include "registry.h"
#include "worker.h"

/*
 * Adds an explanation to the error of a failed pull. The kind is kept if a later try may succeed.
 */
static bool
runimage_explain(struct run *run, struct error *err)
{
	int64_t patience_ms = run->worker->config->registry.patience * MS_PER_S;

	switch (err->kind) {
	case ERROR_REGISTRY:
		if (run->registry_away_ms == 0)
			run->registry_away_ms = clock_monotonic_ms();
		if (clock_monotonic_ms() - run->registry_away_ms < patience_ms)
			return false;
		err->kind = ERROR_NOT_FOUND;
		return error_wrap(err, "the image is not on the engine any more");
	case ERROR_NOT_FOUND:
		return error_wrap(err,
		    "the image is neither on the engine nor in the registry: build it again");
	case ERROR_FORBIDDEN:
	case ERROR_INPUT:
	case ERROR_TOO_LARGE:
		return error_wrap(err, "the image is not on the engine any more");
	default:
		return false;
	}
}

static bool
runimage_pull_from(struct run *run, const struct imagename *name, struct error *err)
{
	if (!registry_configured(run->worker->config))
		return error_set(err, ERROR_NOT_FOUND,
		    "the engine no longer has the image, and no registry is configured: build it again");
	log_run(run, LOG_INFO, "pulling %s", name->remote);
	if (!imagepull_run(run->worker, name, err))
		return runimage_explain(run, err);
	run->registry_away_ms = 0;
	return true;
}

bool
runimage_pull(struct run *run, const struct image_run *image, struct error *err)
{
	struct spooler *spooler = run->worker->spooler;
	struct imagename name;
	struct error failure;
	bool exists;

	imagename_make(&name, run->worker->config, spooler->instance, image->image, image->build,
	    image->tag_secret);
	if (!engine_registry_has_image(&run->worker->engine, name.local, &exists, &failure)) {
		*err = failure;
		return false;
	}
	if (exists)
		return false;
	if (!runimage_pull_from(run, &name, err)) {
		/* If this fails, the next job that needs the image tries again. */
		if (err->kind == ERROR_NOT_FOUND)
			(void)build_forget_content(&run->worker->db, image->build, &failure);
		return false;
	}
	return joblog_remark(spooler->spool.logs, run->job.id, run->job.attempt, JOBLOG_PULLED,
	    err);
}
