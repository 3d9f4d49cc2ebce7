#ifndef KABUTO_DOCKERFILE_INSTRUCTION_H
#define KABUTO_DOCKERFILE_INSTRUCTION_H
/*
 * The instructions of a Dockerfile, as BuildKit's frontend/dockerfile/parser reads them; the
 * classic builder of Docker and Podman's (openshift/imagebuilder) use the same parser.
 *
 * These instructions serve to translate a Dockerfile and to explain what is wrong with it. They are
 * no proof that an engine reads the text in the same way: dockerfile_check gives that.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct dockerfile_instruction {
	size_t begin, body, end; /* offsets in the text: its lines, its here-documents, its end */
	int line;                /* number of its first line */
	char *text;              /* its lines joined, without comments */
	char *heredoc;           /* name of its first here-document; NULL: it has none */
};

struct dockerfile_instructions {
	struct dockerfile_instruction *items;
	size_t count, room;
	char escape;      /* continues a line: '\' or '`' */
	char syntax[256]; /* the value of "# syntax="; "": none */
};

/* Reads the text. On true the caller must call dockerfile_instruction_free. */
bool dockerfile_instruction_read(struct dockerfile_instructions *all, const char *text,
    struct error *err);
void dockerfile_instruction_free(struct dockerfile_instructions *all);
#define cleanup_instructions __attribute__((cleanup(dockerfile_instruction_free)))

/*
 * Returns the text after the instruction's name; NULL: it is another instruction. ONBUILD before
 * the name does not count if onbuild is true.
 */
const char *dockerfile_instruction_after(const struct dockerfile_instruction *one, const char *name,
    bool onbuild);

#endif
