/*
 * The sweep of images. A tag says which image and build it belongs to; an image that was pushed or
 * pulled has one more, which is the registry's. Only the engine's own are removed. The engine is
 * asked first and the database then, so that a build which ends meanwhile is seen as the one that
 * serves.
 */
#include "imagesweep.h"

#include "build.h"
#include "engine_tags.h"
#include "imagename.h"
#include "log.h"
#include "worker.h"

struct imagesweep {
	struct worker *worker;
	struct sweep *sweep;
};

static bool
imagesweep_remove(struct imagesweep *look, const char *tag, int64_t image, int64_t build,
    int64_t bytes, struct error *err)
{
	if (engine_tags_remove(&look->worker->engine, tag, err)) {
		look->sweep->images++;
		look->sweep->image_bytes += bytes;
		log_write(LOG_INFO,
		    "sweep: removed the image of build %lld of image %lld, since nothing needs it",
		    (long long)build, (long long)image);
		return true;
	}
	if (err->kind == ERROR_AWAY || err->kind == ERROR_INTERRUPTED)
		return false;
	error_wrap(err, "build %lld of image %lld", (long long)build, (long long)image);
	/* A conflict: a container needs it still. */
	if (err->kind != ERROR_CONFLICT)
		sweep_add_error(look->sweep, err->text);
	log_write(err->kind == ERROR_CONFLICT ? LOG_INFO : LOG_WARNING, "sweep: %s", err->text);
	return true;
}

static bool
imagesweep_visit(const char *tag, int64_t bytes, void *context, struct error *err)
{
	struct imagesweep *look = context;
	struct worker *worker = look->worker;
	int64_t image, build;
	bool needed = true;

	if (tag == NULL || !imagename_parse(tag, worker->spooler->instance, &image, &build))
		return true;
	if (!build_is_needed(&worker->db, image, build, &needed, err))
		return false;
	return needed || imagesweep_remove(look, tag, image, build, bytes, err);
}

/*
 * Removes the images without a tag. A build makes its image first and gives it its tag then: as
 * long as one is pending, an image without a tag may be about to get it.
 */
static bool
imagesweep_prune(struct worker *worker, struct sweep *sweep, struct error *err)
{
	int64_t pending = 0, removed = 0, bytes = 0;

	if (!build_count_pending(&worker->db, &pending, err))
		return false;
	if (pending > 0)
		return true;
	if (!engine_tags_prune(&worker->engine, worker->spooler->instance, &removed, &bytes, err))
		return false;
	sweep->images += removed;
	sweep->image_bytes += bytes;
	return true;
}

bool
imagesweep_run(struct worker *worker, struct sweep *sweep, struct error *err)
{
	struct imagesweep look = { worker, sweep };

	return engine_tags_each(&worker->engine, worker->spooler->instance, imagesweep_visit, &look,
		   err) &&
	    imagesweep_prune(worker, sweep, err);
}
