/*
 * Digests by libsodium's BLAKE2b.
 */
#include "digest.h"

#include <stdint.h>
#include <string.h>

void
digest_begin(struct digest *digest)
{
	crypto_generichash_init(&digest->state, NULL, 0, DIGEST_BYTES);
}

void
digest_bytes(struct digest *digest, const void *bytes, size_t length)
{
	crypto_generichash_update(&digest->state, bytes, length);
}

void
digest_add(struct digest *digest, const char *name, const void *value, size_t length)
{
	uint64_t size = length;

	digest_bytes(digest, name, strlen(name) + 1);
	digest_bytes(digest, &size, sizeof size);
	if (length > 0)
		digest_bytes(digest, value, length);
}

void
digest_end(struct digest *digest, unsigned char result[static DIGEST_BYTES])
{
	crypto_generichash_final(&digest->state, result, DIGEST_BYTES);
}
