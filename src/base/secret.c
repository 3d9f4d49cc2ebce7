/*
 * Secrets, made by libsodium.
 */
#include "secret.h"

#include <sodium.h>
#include <string.h>

bool
secret_init(struct error *err)
{
	return sodium_init() >= 0 ||
	    error_set(err, ERROR_SYSTEM, "libsodium does not start: no source of randomness");
}

void
secret_make_token(char token[static TOKEN_TEXT])
{
	unsigned char random[32];

	randombytes_buf(random, sizeof random);
	sodium_bin2base64(token, TOKEN_TEXT, random, sizeof random,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void
secret_hash_token(const char *token, unsigned char hash[static TOKEN_HASH])
{
	crypto_generichash(hash, TOKEN_HASH, (const unsigned char *)token, strlen(token), NULL, 0);
}

void
secret_make_name(char name[static NAME_TEXT])
{
	unsigned char random[16];

	randombytes_buf(random, sizeof random);
	sodium_bin2hex(name, NAME_TEXT, random, sizeof random);
}

void
secret_mask_name(const char *name, char masked[static NAME_TEXT])
{
	unsigned char hash[crypto_generichash_BYTES_MIN];

	crypto_generichash(hash, sizeof hash, (const unsigned char *)name, strlen(name), NULL, 0);
	sodium_bin2hex(masked, NAME_TEXT, hash, sizeof hash);
}
