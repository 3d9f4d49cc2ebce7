#ifndef KABUTO_BUILDTRACE_H
#define KABUTO_BUILDTRACE_H
/*
 * What a build by Docker's classic builder leaves on the engine if it fails: the image of its last
 * successful step, which has no tag and no label. If the engine dies, also the container of the
 * step that ran. Only the build's output names them.
 */
#include <stdbool.h>

#include "error.h"
#include "worker.h"

#define BUILDTRACE_ID 72

struct buildtrace {
	int64_t since;                 /* ms since 1970, before the build began */
	char image[BUILDTRACE_ID];     /* empty: none */
	char container[BUILDTRACE_ID]; /* empty: none */
};

/* Reads one message of the builder: " ---> 0123456789ab\n", " ---> Running in 0123456789ab\n". */
void buildtrace_read(struct buildtrace *trace, const char *stream);

/* Reads the stored output of a former try. Nothing is read if there is none. */
void buildtrace_read_output(struct buildtrace *trace, int folder, const char *name);

/*
 * Removes the container if it has the limits of a build's container, is not older than the build
 * and is not one of a job. A step can print the id of any container as the builder does: by default
 * a container's host name is the beginning of its id.
 */
void buildtrace_remove_container(struct worker *worker, struct buildtrace *trace);

/*
 * Surround a build by the classic builder. At its end, the image of the trace is removed with those
 * that it was built from, up to the first that has a tag or on which another image is built. NULL
 * removes nothing, and an image that is older than the build stays. Two builds of the same
 * Dockerfile share images. So images are removed only when no build runs, and builds wait for that.
 */
void buildtrace_begin(void);
void buildtrace_end(struct worker *worker, const struct buildtrace *trace);

#endif
