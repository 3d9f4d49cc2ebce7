#ifndef KABUTO_DOCKERIGNORE_H
#define KABUTO_DOCKERIGNORE_H
/*
 * The file .dockerignore of a build's context: which files the engine does not get.
 *
 * The rules are those of moby/patternmatcher. A line is a pattern for a path in the context, and
 * the last pattern that matches a path, or a folder above it, decides: "!" before a pattern lets
 * the path go. "*" and "?" match no "/", "**" matches any number of folders, "[a-z]" one of some
 * characters. A line that begins with "#" is a comment. A "/" at either end, spaces around a
 * pattern, and a byte order mark do not count. Dockerfile and .dockerignore always go, because the
 * engine reads them.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct dockerignore_pattern {
	char *text;
	bool exception; /* "!": what matches goes */
};

struct dockerignore {
	struct dockerignore_pattern *items;
	size_t count;
	bool exceptions; /* a pattern is an exception */
};

/*
 * Reads the file, if the folder has one. buildkit: the file Dockerfile.dockerignore counts instead,
 * if it is there, as with BuildKit. ERROR_INPUT: a pattern is malformed. On true the caller must
 * call dockerignore_free.
 */
bool dockerignore_read(struct dockerignore *ignore, int folder, bool buildkit, struct error *err);
/* The same for the file's text. */
bool dockerignore_parse(struct dockerignore *ignore, const char *text, struct error *err);
void dockerignore_free(struct dockerignore *ignore);
#define cleanup_dockerignore __attribute__((cleanup(dockerignore_free)))

/* Whether the engine does not get the path, which is relative to the context. */
bool dockerignore_leaves_out(const struct dockerignore *ignore, const char *path);

#endif
