#ifndef KABUTO_SECRET_H
#define KABUTO_SECRET_H
/*
 * Secrets (libsodium): tokens that clients hold, of which we keep only hashes, and passwords.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define TOKEN_TEXT 44 /* 256 bits as URL-safe base64 without padding, and NUL */
#define TOKEN_HASH 32 /* bytes of BLAKE2b */
#define NAME_TEXT  33 /* 128 bits in hexadecimal, and NUL */
#define PASSWORD_HASH                                                                              \
	128 /* Argon2id in its own text form, NUL included (crypto_pwhash_STRBYTES)                \
	     */

/* Once, before anything else and before threads. */
bool secret_init(struct error *err);

/* A new unguessable token, for a client to hold. */
void token_make(char token[static TOKEN_TEXT]);

/* What is kept of a token. */
void token_hash(const char *token, unsigned char hash[static TOKEN_HASH]);

/* A new unguessable name for a file or folder. */
void name_make(char name[static NAME_TEXT]);

/* A value that stands for a name where the name itself must not be shown. */
void name_veil(const char *name, char veiled[static NAME_TEXT]);

/*
 * Argon2id (RFC 9106) of a password, with libsodium's interactive cost: 64 MiB and about 0.1 s. At
 * most four run at a time in a process; a fifth waits.
 */
bool password_hash(const char *password, char hash[static PASSWORD_HASH], struct error *err);

/*
 * *right says whether password is the one of hash. With hash NULL it takes the same time and says
 * no. ERROR_BUSY, also of password_hash: there is no memory for it now, which tells nothing about
 * the password.
 */
bool password_verify(const char *password, const char *hash, bool *right, struct error *err);

#endif
