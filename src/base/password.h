#ifndef KABUTO_PASSWORD_H
#define KABUTO_PASSWORD_H
/*
 * Passwords, and the hashes that are kept of them.
 */
#include <stdbool.h>

#include "error.h"

/* Argon2id in its own text form, NUL included (crypto_pwhash_STRBYTES). */
#define PASSWORD_HASH 128

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
