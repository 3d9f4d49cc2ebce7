#ifndef KABUTO_IDEMPOTENCY_H
#define KABUTO_IDEMPOTENCY_H
/*
 * Answers of calls that came with an Idempotency-Key, so that whoever lost one may repeat the call
 * (after the IETF draft draft-ietf-httpapi-idempotency-key-header). An answer is kept in the
 * transaction of what it answers: there is never one without the other.
 */
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "error.h"

#define IDEMPOTENCY_KEY_MOST  255   /* bytes */
#define IDEMPOTENCY_KEYS_MOST 10000 /* of an account, in a day */
#define DIGEST_BYTES          32

/* What a call is told from another one by: its method, path, parameters and files. */
struct digest {
	crypto_generichash_state state;
};
/* secret, of the client alone, makes the digest useless to others; NULL: it is a plain hash. */
void digest_begin(struct digest *digest, const char *secret);
/* Adds a name with its value; which bytes are of which is a part of the digest. */
void digest_add(struct digest *digest, const char *name, const void *value, size_t length);
/* Adds bytes of a value that comes in pieces. */
void digest_bytes(struct digest *digest, const void *bytes, size_t length);
void digest_end(struct digest *digest, unsigned char result[static DIGEST_BYTES]);

struct idempotency {
	int64_t account;
	const char *key;
	unsigned char digest[DIGEST_BYTES];
	const char
	    *seal; /* a secret of the client's, under which the answer is kept; NULL: openly */
};

/*
 * Looks for the answer to an earlier call of the last 24 hours: *answer is then the caller's to
 * free, and NULL where there is none. ERROR_IMPOSSIBLE: that call was another one.
 */
bool idempotency_find(struct database *db, const struct idempotency *call, int *status,
    char **answer, struct error *err);

/*
 * Keeps an answer. ERROR_CONFLICT: there is one meanwhile, of a call at the same time.
 * ERROR_TOO_MANY: the account has IDEMPOTENCY_KEYS_MOST.
 */
bool idempotency_keep(struct database *db, const struct idempotency *call, int status,
    const char *answer, struct error *err);

/* Answers that nobody gets any more: counts them, or drops up to most of them. */
bool idempotency_count_old(struct database *db, int64_t *count, struct error *err);
bool idempotency_drop_old(struct database *db, int64_t most, int64_t *dropped, struct error *err);

#endif
