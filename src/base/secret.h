#ifndef KABUTO_SECRET_H
#define KABUTO_SECRET_H
/*
 * Secrets: tokens, which a client holds and we keep only hashes of, and names that nobody can
 * guess.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define TOKEN_TEXT 44 /* 256 bits as URL-safe base64 without padding, and NUL */
#define TOKEN_HASH 32 /* bytes of BLAKE2b */
#define NAME_TEXT  33 /* 128 bits in hexadecimal, and NUL */

/* Must be called once, before anything else and before threads start. */
bool secret_init(struct error *err);

/* A new unguessable token, for a client to hold. */
void secret_make_token(char token[static TOKEN_TEXT]);

/* What is kept of a token. */
void secret_hash_token(const char *token, unsigned char hash[static TOKEN_HASH]);

/* A new unguessable name for a file or folder. */
void secret_make_name(char name[static NAME_TEXT]);

/* Writes a text that stands for a name, to be shown in its place. */
void secret_mask_name(const char *name, char masked[static NAME_TEXT]);

#endif
