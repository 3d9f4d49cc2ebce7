/*
 * A tag says which image and build it is of; an image that was pushed or pulled has one more, which
 * is the registry's. Only the engine's own are removed: what is in the registry stays. The engine
 * is asked first and the database then, so that a build which ends meanwhile is seen as the one
 * that serves.
 */
#include "imagesweep.h"

#include <stdio.h>
#include <string.h>

#include "build.h"
#include "engine_registry.h"
#include "engine_tags.h"
#include "image.h"
#include "imagename.h"
#include "utf8.h"

struct look {
	struct worker *worker;
	struct sweep *sweep;
	int64_t untagged, untagged_bytes;
};

static void
tell(struct sweep *sweep, enum log_level level, const char *tag, const char *what)
{
	char text[1280];

	snprintf(text, sizeof text, "%s: %s", tag, what);
	sweep->tell(sweep->context, level, utf8_make_valid(text));
}

static bool
visit_tag(const char *tag, int64_t bytes, void *context, struct error *err)
{
	struct look *look = context;
	struct worker *worker = look->worker;
	int64_t image, build;
	bool needed = true;

	if (tag == NULL) {
		look->untagged++;
		look->untagged_bytes += bytes;
		return true;
	}
	if (!imagename_parse(tag, worker->spooler->instance, &image, &build))
		return true;
	if (!build_is_needed(&worker->db, image, build, &needed, err))
		return false;
	if (needed)
		return true;
	if (!look->sweep->dry_run && !image_remove_tag(&worker->engine, tag, err)) {
		if (err->kind == ERROR_AWAY)
			return false;
		/* A conflict: a container needs it still. */
		tell(look->sweep, err->kind == ERROR_CONFLICT ? LOG_INFO : LOG_WARNING, tag,
		    err->text);
		return true;
	}
	look->sweep->removed++;
	look->sweep->bytes += bytes;
	tell(look->sweep, LOG_INFO, tag, "removed, since nothing needs it");
	return true;
}

/*
 * A build makes its image first and gives it its tag then: as long as one is pending, what has no
 * tag may be about to get it.
 */
static bool
prune(struct look *look, struct error *err)
{
	int64_t pending = 0, removed = 0, bytes = 0;

	if (!build_count_pending(&look->worker->db, &pending, err))
		return false;
	if (pending > 0)
		return true;
	if (look->sweep->dry_run) {
		removed = look->untagged;
		bytes = look->untagged_bytes;
	} else if (!image_prune(&look->worker->engine, look->worker->spooler->instance, &removed,
		       &bytes, err)) {
		return false;
	}
	look->sweep->removed += removed;
	look->sweep->bytes += bytes;
	return true;
}

bool
imagesweep(struct worker *worker, struct sweep *sweep, struct error *err)
{
	struct look look = { .worker = worker, .sweep = sweep };

	return image_each_tag(&worker->engine, worker->spooler->instance, visit_tag, &look, err) &&
	    prune(&look, err);
}
