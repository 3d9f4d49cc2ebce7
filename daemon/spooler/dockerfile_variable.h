#ifndef KABUTO_DOCKERFILE_VARIABLE_H
#define KABUTO_DOCKERFILE_VARIABLE_H
/*
 * The values of a Dockerfile's ARG, by Docker's rules (docs.docker.com/reference/dockerfile,
 * "ARG").
 *
 * An ARG before the first FROM has a value in each FROM. An ARG of a stage has one until the next
 * FROM. A build argument of the same name replaces the ARG's own value. Without a value of its own
 * an ARG of a stage has the value of the one before the first FROM. The names of the platform
 * (TARGETARCH, BUILDPLATFORM and so on) and of proxies need no ARG.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct dockerfile_variable {
	char *name;
	char *value; /* NULL: it has no value of its own */
};

struct dockerfile_variables {
	struct dockerfile_variable *items; /* those before the first FROM, then the stage's */
	size_t count, room;
	size_t global;     /* how many stand before the first FROM */
	bool in_stage;     /* a FROM has been read */
	json_t *arguments; /* the build arguments, an object; borrowed; may be NULL */
	json_t *platform;  /* the names and values of the platform */
};

/* Begins without an ARG. On true the caller must call dockerfile_variable_end. */
bool dockerfile_variable_begin(struct dockerfile_variables *all, json_t *arguments,
    struct error *err);
void dockerfile_variable_end(struct dockerfile_variables *all);
#define cleanup_variables __attribute__((cleanup(dockerfile_variable_end)))

/* Takes the names and values after "ARG". ERROR_INPUT: there are too many. */
bool dockerfile_variable_declare(struct dockerfile_variables *all, const char *text, char escape,
    struct error *err);
/* Forgets the ARGs of the former stage. */
void dockerfile_variable_next_stage(struct dockerfile_variables *all);

/* Return a variable's value in FROM, or in the stage; NULL: it has none. */
const char *dockerfile_variable_in_from(const struct dockerfile_variables *all, const char *name);
const char *dockerfile_variable_in_stage(const struct dockerfile_variables *all, const char *name);

#endif
