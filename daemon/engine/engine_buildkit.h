#ifndef KABUTO_ENGINE_BUILDKIT_H
#define KABUTO_ENGINE_BUILDKIT_H
/*
 * Turns the progress messages of BuildKit into lines of text, as "docker build --progress=plain"
 * does. A step begins with "#5 [2/3] RUN make", its output follows as "#5 0.731 text" (seconds
 * since the step's begin), and it ends with "#5 DONE 1.2s", "#5 CACHED" or "#5 ERROR: reason".
 * Steps run at the same time, so their lines may be mixed. Steps that BuildKit adds itself are left
 * out, such as the transfer of the context.
 */
#include <stdbool.h>
#include <stddef.h>

#define BUILDKIT_STEP 256 /* bytes of a step's name, including the NUL */

struct buildkit_vertex;

struct engine_buildkit {
	/* Called with each piece of the text, which is UTF-8. It may end within a line. */
	void (*write)(void *context, const char *text);
	void *context;
	char failed[BUILDKIT_STEP]; /* the first step with an error; empty: none */
	/*
	 * A step makes the engine fetch a URL. Dockerfiles are checked for that, so the instruction
	 * comes from a base image (ONBUILD).
	 */
	bool fetches;
	struct buildkit_vertex *vertices;
	size_t count, room;
	struct buildkit_vertex
	    *open; /* the text ends within a line of this step; NULL: it does not */
	int shown; /* number of steps in the text so far */
	bool said_unreadable, said_too_many;
};

/*
 * Reads a progress message: the "aux" of a message "moby.buildkit.trace", in base64. Writes the
 * text that follows from it. A malformed message is mentioned once in the text.
 */
void engine_buildkit_read(struct engine_buildkit *buildkit, const char *message);
void engine_buildkit_close(struct engine_buildkit *buildkit);

#endif
