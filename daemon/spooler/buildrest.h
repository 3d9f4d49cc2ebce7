#ifndef KABUTO_BUILDREST_H
#define KABUTO_BUILDREST_H
/*
 * What goes on of a build after its end: Podman 5 does not stop the RUN of a build that was
 * cancelled or took too long. Its slot stays taken until the RUN has ended, so that an account
 * cannot have more builds at a time by cancelling them.
 */
#include <jansson.h>
#include <stdbool.h>

#include "engine_builder.h"
#include "error.h"
#include "worker.h"

struct buildrest {
	json_t *before; /* the containers of builds before this one; NULL: nothing goes on */
};

/* Must be called before a build. Does nothing unless Podman builds. buildrest_wait must follow. */
bool buildrest_begin(struct buildrest *rest, struct worker *worker, enum builder builder,
    struct error *err);

/* Forgets the build: it ended by itself, so nothing of it goes on. */
void buildrest_clear(struct buildrest *rest);

/*
 * Waits until the containers that came since then are gone, for build.timeout at most. Those of
 * other builds that began meanwhile count, too. Returns early if the spooler stops. Does nothing
 * after buildrest_clear.
 */
void buildrest_wait(struct buildrest *rest, struct worker *worker);

#endif
