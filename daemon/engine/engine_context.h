#ifndef KABUTO_ENGINE_CONTEXT_H
#define KABUTO_ENGINE_CONTEXT_H
/*
 * A build's context, packed as a tar while it is sent.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

struct archive;
struct archive_entry;

/* How the tar differs from the folder. */
struct engine_content {
	const char *dockerfile; /* sent in the place of the folder's Dockerfile; NULL: that one */
	/* Whether a file or folder is not sent. NULL: all are sent. */
	bool (*leaves_out)(void *context, const char *path);
	void *leaves_out_context;
	bool exceptions; /* a file may be sent although its folder is not */
};

/* A tar that is being written: the bytes that libarchive has written and curl has not yet sent. */
struct engine_context {
	struct archive *disk;
	struct archive *out;
	const char *root;
	const struct engine_content *content;
	const atomic_bool *stop; /* set: packing ends */
	struct archive_entry *entry;
	int64_t left; /* bytes of the entry's content that are still missing */
	char *pending;
	size_t pending_length, pending_room, pending_taken;
	bool closed;
	char *outward;   /* the first link that leads out of the context; NULL: none */
	char error[256]; /* why packing failed */
};

/*
 * Opens the folder root, whose .git and .hg at its top are left out. root, content and stop must
 * stay until engine_context_close, which the caller must call also after an error.
 */
bool engine_context_open(struct engine_context *context, const char *root,
    const struct engine_content *content, const atomic_bool *stop, struct error *err);
void engine_context_close(struct engine_context *context);

/*
 * Writes the next bytes of the tar. Returns their number; 0 at the end; -1 with context->error set,
 * or because *stop is set. A folder may have many files that are left out before the next bytes.
 */
ssize_t engine_context_read(struct engine_context *context, char *to, size_t size);

#endif
