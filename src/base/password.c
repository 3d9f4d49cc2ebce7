/*
 * Passwords by libsodium's Argon2id. This is the only file that compares passwords.
 */
#include "password.h"

#include <pthread.h>
#include <semaphore.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define HASHES_AT_A_TIME 4  /* 64 MiB each */
#define HASH_BYTES       32 /* of libsodium's hash, without salt and costs */

_Static_assert(PASSWORD_HASH == crypto_pwhash_STRBYTES, "room for libsodium's text form");

static sem_t hash_slots;

/* The hash of a random password, unknown to all. An unknown login takes as long as a known one. */
static const char nobody_hash[] =
    "$argon2id$v=19$m=65536,t=2,p=1$xpTKJY7V881TJ23g52fipA$+/jLzN1o+624WPlLVK3hQ2mILNcIDusVdsRBBy/gsnU";

static void
password_make_slots(void)
{
	(void)sem_init(&hash_slots, 0,
	    HASHES_AT_A_TIME); /* it fails only for much greater numbers */
}

static void
password_slot_take(void)
{
	static pthread_once_t made = PTHREAD_ONCE_INIT;

	pthread_once(&made, password_make_slots);
	while (sem_wait(&hash_slots) < 0)
		continue; /* only a signal can interrupt it */
}

static bool
password_no_memory(struct error *err, const char *doing)
{
	return error_set(err, ERROR_BUSY, "%s: not enough memory now; try again in a moment",
	    doing);
}

bool
password_hash(const char *password, char hash[static PASSWORD_HASH], struct error *err)
{
	int failed;

	password_slot_take();
	failed = crypto_pwhash_str_alg(hash, password, strlen(password),
	    crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE,
	    crypto_pwhash_ALG_ARGON2ID13);
	sem_post(&hash_slots);
	return failed == 0 || password_no_memory(err, "hash a password");
}

/* The parts of libsodium's text form of a hash (PHC string format). */
struct hash {
	unsigned char salt[crypto_pwhash_argon2id_SALTBYTES];
	unsigned char bytes[HASH_BYTES];
	unsigned long long passes;
	size_t memory_bytes;
};

static bool
password_decode(unsigned char *to, size_t size, const char *text)
{
	size_t length = 0;

	return sodium_base642bin(to, size, text, strlen(text), NULL, &length, NULL,
		   sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
	    length == size;
}

static bool
password_parse_hash(const char *text, struct hash *hash)
{
	char salt[23], bytes[44];
	unsigned long memory_kib;
	int end = 0;

	if (sscanf(text, "$argon2id$v=19$m=%9lu,t=%9llu,p=1$%22[A-Za-z0-9+/]$%43[A-Za-z0-9+/]%n",
		&memory_kib, &hash->passes, salt, bytes, &end) != 4 ||
	    text[end] != '\0')
		return false;
	hash->memory_bytes = (size_t)memory_kib * 1024;
	return password_decode(hash->salt, sizeof hash->salt, salt) &&
	    password_decode(hash->bytes, sizeof hash->bytes, bytes) &&
	    hash->passes >= crypto_pwhash_argon2id_OPSLIMIT_MIN &&
	    hash->memory_bytes >= crypto_pwhash_argon2id_MEMLIMIT_MIN &&
	    hash->memory_bytes <= crypto_pwhash_argon2id_MEMLIMIT_MAX;
}

/*
 * Does not use crypto_pwhash_str_verify, since that does not tell a wrong password from a lack of
 * memory. With the parameters of a valid hash, crypto_pwhash fails only if memory is lacking.
 */
bool
password_verify(const char *password, const char *hash, bool *right, struct error *err)
{
	unsigned char made[HASH_BYTES];
	struct hash parsed;
	int failed;

	*right = false;
	if (!password_parse_hash(hash != NULL ? hash : nobody_hash, &parsed))
		return true;
	password_slot_take();
	failed = crypto_pwhash(made, sizeof made, password, strlen(password), parsed.salt,
	    parsed.passes, parsed.memory_bytes, crypto_pwhash_ALG_ARGON2ID13);
	sem_post(&hash_slots);
	if (failed != 0)
		return password_no_memory(err, "verify a password");
	*right = hash != NULL && sodium_memcmp(made, parsed.bytes, sizeof made) == 0;
	sodium_memzero(made, sizeof made);
	return true;
}
