#ifndef KABUTO_SECRET_H
#define KABUTO_SECRET_H
/*
 * Secrets: tokens and unguessable names. A client holds the token; Kabuto stores only its hash.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define TOKEN_TEXT 44 /* 256 bits as URL-safe base64 without padding, and NUL */
#define TOKEN_HASH 32 /* bytes of BLAKE2b */
#define NAME_TEXT  33 /* 128 bits in hexadecimal, and NUL */

/* Starts libsodium. Must be called once, before all others here and before threads start. */
bool secret_init(struct error *err);

/* Makes a new unguessable token, for a client. */
void secret_make_token(char token[static TOKEN_TEXT]);

/* Makes the hash of a token, which is what Kabuto stores. */
void secret_hash_token(const char *token, unsigned char hash[static TOKEN_HASH]);

/* Makes a new unguessable name for a file or folder. */
void secret_make_name(char name[static NAME_TEXT]);

/* Writes a text that can be shown in place of the name: the name cannot be computed from it. */
void secret_mask_name(const char *name, char masked[static NAME_TEXT]);

#endif
