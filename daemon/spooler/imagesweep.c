/*
 * The sweep of images. A tag tells to which image and build it belongs. An image that was pushed or
 * pulled has a second tag, the registry's. Only the engine's tags are removed. The sweep asks the
 * engine first and the database second, so that it knows of a build that ends meanwhile.
 */
#include "imagesweep.h"

#include "build.h"
#include "engine_buildcache.h"
#include "engine_builder.h"
#include "engine_tags.h"
#include "imagename.h"
#include "log.h"
#include "worker.h"

struct imagesweep {
	struct worker *worker;
	struct sweep *sweep;
};

static bool
imagesweep_remove(struct imagesweep *scan, const char *tag, int64_t image, int64_t build,
    int64_t bytes, struct error *err)
{
	if (engine_tags_remove(&scan->worker->engine, tag, err)) {
		scan->sweep->images++;
		scan->sweep->image_bytes += bytes;
		log_write(LOG_INFO,
		    "sweep: removed the image of build %lld of image %lld, because nothing needs it",
		    (long long)build, (long long)image);
		return true;
	}
	if (err->kind == ERROR_AWAY || err->kind == ERROR_INTERRUPTED)
		return false;
	error_wrap(err, "build %lld of image %lld", (long long)build, (long long)image);
	/* ERROR_CONFLICT: a container still needs it. */
	if (err->kind != ERROR_CONFLICT)
		sweep_add_error(scan->sweep, err->text);
	log_write(err->kind == ERROR_CONFLICT ? LOG_INFO : LOG_WARNING, "sweep: %s", err->text);
	return true;
}

static bool
imagesweep_visit(const char *tag, int64_t bytes, void *context, struct error *err)
{
	struct imagesweep *scan = context;
	struct worker *worker = scan->worker;
	int64_t image, build;
	bool needed = true;

	if (tag == NULL || !imagename_parse(tag, worker->spooler->instance, &image, &build))
		return true;
	if (!build_is_needed(&worker->db, image, build, &needed, err))
		return false;
	return needed || imagesweep_remove(scan, tag, image, build, bytes, err);
}

/*
 * Removes the images without a tag. A build makes its image first and adds the tag later. So
 * nothing is removed while a build is pending.
 */
static bool
imagesweep_prune(struct worker *worker, struct sweep *sweep, struct error *err)
{
	int64_t pending = 0, removed = 0, bytes = 0;

	if (!build_count_pending(&worker->db, &pending, err))
		return false;
	if (pending > 0)
		return true;
	if (!engine_tags_prune(&worker->engine, worker->spooler->instance, &removed, &bytes, err)) {
		if (err->kind != ERROR_CONFLICT)
			return false;
		/* Docker runs one prune at a time, and another Kabuto's or the operator's runs. */
		log_write(LOG_INFO, "sweep: %s; the next sweep tries again", err->text);
		return true;
	}
	sweep->images += removed;
	sweep->image_bytes += bytes;
	return true;
}

/* Keeps BuildKit's cache below its limit. */
static bool
imagesweep_prune_cache(struct worker *worker, struct sweep *sweep, struct error *err)
{
	const struct config *config = worker->config;
	int64_t bytes = 0;

	if (config->build.cache_limit == 0 ||
	    engine_builder_choose(&worker->engine, config->build.builder) != BUILDER_BUILDKIT)
		return true;
	if (!engine_buildcache_prune(&worker->engine, config->build.cache_limit, &bytes, err))
		return false;
	sweep->image_bytes += bytes;
	if (bytes > 0)
		log_write(LOG_INFO, "sweep: removed %lld bytes of BuildKit's cache",
		    (long long)bytes);
	return true;
}

bool
imagesweep_run(struct worker *worker, struct sweep *sweep, struct error *err)
{
	struct imagesweep scan = { worker, sweep };

	return engine_tags_each(&worker->engine, worker->spooler->instance, imagesweep_visit, &scan,
		   err) &&
	    imagesweep_prune(worker, sweep, err) && imagesweep_prune_cache(worker, sweep, err);
}
