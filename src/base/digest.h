#ifndef KABUTO_DIGEST_H
#define KABUTO_DIGEST_H
/*
 * A hash of named values. It shows whether two calls are the same: their method, path, parameters
 * and files.
 */
#include <sodium.h>
#include <stddef.h>

#define DIGEST_BYTES 32

struct digest {
	crypto_generichash_state state;
};

void digest_begin(struct digest *digest);
/* Adds a name and its value. Values that are split differently give different digests. */
void digest_add(struct digest *digest, const char *name, const void *value, size_t length);
/* Adds the next bytes of a value that comes in pieces. */
void digest_bytes(struct digest *digest, const void *bytes, size_t length);
void digest_end(struct digest *digest, unsigned char result[static DIGEST_BYTES]);

#endif
