#ifndef KABUTO_DOCKERFILE_BUILDER_H
#define KABUTO_DOCKERFILE_BUILDER_H
/*
 * What the engine's builder does not know of a Dockerfile.
 *
 * Docker's classic builder ignores some parts of an instruction without a word: since Docker 23 it
 * takes here-documents out of the text and runs nothing of them, and it ignores ADD --checksum and
 * COPY --link. A build must not succeed with a part ignored. So these parts are refused, each with
 * the way to write it for this builder.
 */
#include <stdbool.h>

#include "dockerfile_instruction.h"
#include "engine_builder.h"
#include "error.h"

struct dockerfile_builder {
	bool flags; /* knows RUN --mount, COPY --chmod, --link and so on, or refuses them itself */
	bool heredocs; /* runs here-documents */
	bool syntax;   /* heeds "# syntax=" */
};

/* Returns what the engine's builder knows. engine_agree must have succeeded. */
struct dockerfile_builder dockerfile_builder_of(const struct engine *engine, enum builder builder);

/* Whether the builder knows all of it. ERROR_INPUT says what to write instead. */
bool dockerfile_builder_check(const struct dockerfile_instructions *all,
    const struct dockerfile_builder *builder, struct error *err);

#endif
