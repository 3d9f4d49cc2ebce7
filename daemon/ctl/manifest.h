#ifndef KABUTO_MANIFEST_H
#define KABUTO_MANIFEST_H
/*
 * The format of a backup: a tar in the pax format. The first member is kabuto.db and the last is
 * MANIFEST. Between them are the files that the database names, with their paths in the state
 * directory: inbox/, results/, logs/, builds/. Names are stored as bytes (hdrcharset=BINARY), so
 * that nothing changes their Unicode form.
 *
 * MANIFEST has one line for each member before it, in the order of the members: SHA-256 in
 * hexadecimal, size in bytes, name. A folder's name ends with a slash, and its size is 0. The
 * reader of a backup builds the same text again while it reads, and both texts must be equal.
 */
#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define MANIFEST_NAME     "MANIFEST"
#define MANIFEST_DATABASE "kabuto.db"

struct manifest {
	char *text;
	size_t length, room;
	/* The current member. */
	crypto_hash_sha256_state hash;
	int64_t size;
};
void manifest_clear(struct manifest *manifest);

/*
 * manifest_begin begins a member. manifest_update adds a piece of its content. manifest_end adds
 * the member's line to the text, and fails if there is not enough memory.
 */
void manifest_begin(struct manifest *manifest);
void manifest_update(struct manifest *manifest, const void *data, size_t length);
bool manifest_end(struct manifest *manifest, const char *name, struct error *err);

/*
 * Compares text, a MANIFEST of length bytes, with the manifest that was built. True if both are
 * equal. ERROR_INPUT names the first member that differs.
 */
bool manifest_check(const struct manifest *manifest, const char *text, size_t length,
    struct error *err);

/*
 * True if a backup may have a member with this name: kabuto.db, MANIFEST, or a path below one of
 * the four folders without "." and "..". results/ and logs/ have no subfolders. Otherwise
 * ERROR_INPUT.
 */
bool manifest_name_check(const char *name, struct error *err);

#endif
