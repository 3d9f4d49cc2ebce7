#ifndef KABUTO_PASSWORD_H
#define KABUTO_PASSWORD_H
/*
 * Hashing passwords, and comparing them with the stored hashes.
 */
#include <stdbool.h>

#include "error.h"

/* Room for a hash in Argon2id's text form, with the NUL (crypto_pwhash_STRBYTES). */
#define PASSWORD_HASH 128

/*
 * Hashes a password by Argon2id (RFC 9106), with libsodium's interactive cost: 64 MiB and about
 * 0.1 s. At most four hashes run at a time in a process; other callers wait. ERROR_BUSY: there is
 * not enough memory now.
 */
bool password_hash(const char *password, char hash[static PASSWORD_HASH], struct error *err);

/*
 * Sets *right to whether the hash was made from this password. If hash is NULL, it takes the same
 * time and *right is false. ERROR_BUSY: there is not enough memory now, and it is not known whether
 * the password is right.
 */
bool password_verify(const char *password, const char *hash, bool *right, struct error *err);

#endif
