#ifndef KABUTO_MANIFEST_H
#define KABUTO_MANIFEST_H
/*
 * The format of a backup: a tar in the pax format whose first member is kabuto.db, whose last is
 * MANIFEST, and which has in between the files that the database names, under their paths in the
 * state directory: inbox/, results/, logs/, builds/. Names are bytes (hdrcharset=BINARY), as nobody
 * may change their Unicode form.
 *
 * MANIFEST has a line for each member before it, in their order: SHA-256 in hexadecimal, size in
 * bytes, name; a folder's name ends with a slash, and its size is 0. So who reads a backup makes
 * the same text anew while reading, and both must be equal.
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
	/* The member at hand. */
	crypto_hash_sha256_state hash;
	int64_t size;
};
void manifest_clear(struct manifest *manifest);

/* Begins a member, takes its content piece by piece, and writes its line. */
void manifest_begin(struct manifest *manifest);
void manifest_update(struct manifest *manifest, const void *data, size_t length);
bool manifest_end(struct manifest *manifest, const char *name, struct error *err);

/* Whether text is what was made; err names the first member that differs. */
bool manifest_check(const struct manifest *manifest, const char *text, size_t length,
    struct error *err);

/*
 * Whether a backup may have a member of that name: kabuto.db, MANIFEST, or a plain path below one
 * of the four folders, as deep as that folder has files.
 */
bool manifest_name_check(const char *name, struct error *err);

#endif
