/*
 * Tokens and passwords. No secret is kept or compared but through here.
 */
#include "secret.h"

#include <semaphore.h>
#include <sodium.h>
#include <string.h>

#define HASHES_AT_A_TIME 4 /* 64 MiB each */

_Static_assert(PASSWORD_HASH == crypto_pwhash_STRBYTES, "room for libsodium's text form");

static sem_t hash_slots;

/* Of a random password that no one has kept: for unknown log-ins, at the cost of a real one. */
static const char nobody_hash[] =
    "$argon2id$v=19$m=65536,t=2,p=1$xpTKJY7V881TJ23g52fipA$+/jLzN1o+624WPlLVK3hQ2mILNcIDusVdsRBBy/gsnU";

bool
secret_init(struct error *err)
{
	if (sodium_init() < 0)
		return error_set(err, ERROR_SYSTEM,
		    "libsodium does not start: no source of randomness");
	if (sem_init(&hash_slots, 0, HASHES_AT_A_TIME) < 0)
		return error_errno(err, "make a semaphore");
	return true;
}

void
token_make(char token[static TOKEN_TEXT])
{
	unsigned char random[32];

	randombytes_buf(random, sizeof random);
	sodium_bin2base64(token, TOKEN_TEXT, random, sizeof random,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void
token_hash(const char *token, unsigned char hash[static TOKEN_HASH])
{
	crypto_generichash(hash, TOKEN_HASH, (const unsigned char *)token, strlen(token), NULL, 0);
}

void
name_make(char name[static NAME_TEXT])
{
	unsigned char random[16];

	randombytes_buf(random, sizeof random);
	sodium_bin2hex(name, NAME_TEXT, random, sizeof random);
}

void
name_veil(const char *name, char veiled[static NAME_TEXT])
{
	unsigned char hash[crypto_generichash_BYTES_MIN];

	crypto_generichash(hash, sizeof hash, (const unsigned char *)name, strlen(name), NULL, 0);
	sodium_bin2hex(veiled, NAME_TEXT, hash, sizeof hash);
}

static void
slot_take(void)
{
	while (sem_wait(&hash_slots) < 0)
		continue; /* only a signal can interrupt it */
}

bool
password_hash(const char *password, char hash[static PASSWORD_HASH], struct error *err)
{
	int failed;

	slot_take();
	failed = crypto_pwhash_str_alg(hash, password, strlen(password),
	    crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE,
	    crypto_pwhash_ALG_ARGON2ID13);
	sem_post(&hash_slots);
	if (failed)
		return error_set(err, ERROR_SYSTEM, "hash a password: not enough memory");
	return true;
}

bool
password_verify(const char *password, const char *hash)
{
	bool right;

	slot_take();
	right = crypto_pwhash_str_verify(hash != NULL ? hash : nobody_hash, password,
		    strlen(password)) == 0;
	sem_post(&hash_slots);
	return right && hash != NULL;
}
