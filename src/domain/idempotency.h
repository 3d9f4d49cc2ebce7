#ifndef KABUTO_IDEMPOTENCY_H
#define KABUTO_IDEMPOTENCY_H
/*
 * Stored answers to calls with an Idempotency-Key (IETF draft draft-ietf-httpapi-idempotency-key-
 * header). A client that lost the answer can repeat the call and gets the same answer. The answer
 * is stored in the transaction of the call, so that neither can exist without the other. A call
 * with a secret in its parameters or answer cannot have a key, since the secret would be stored.
 */
#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "digest.h"
#include "error.h"

#define IDEMPOTENCY_KEY_MOST  255   /* bytes */
#define IDEMPOTENCY_KEYS_MOST 10000 /* of an account, in 24 hours */
struct idempotency {
	int64_t account;
	const char *key;
	unsigned char digest[DIGEST_BYTES];
};

/*
 * Finds the answer to an earlier call with this key in the last 24 hours. The caller frees *answer;
 * it is NULL if there was no such call. ERROR_IMPOSSIBLE: the earlier call was a different one.
 */
bool idempotency_find(struct database *db, const struct idempotency *call, int *status,
    char **answer, struct error *err);

/*
 * Stores an answer. ERROR_CONFLICT: a call with the same key, at the same time, stored one first.
 * ERROR_TOO_MANY: the account has IDEMPOTENCY_KEYS_MOST answers.
 */
bool idempotency_keep(struct database *db, const struct idempotency *call, int status,
    const char *answer, struct error *err);

/* Count, or drop at most `most` of, the answers that are older than 24 hours. */
bool idempotency_count_old(struct database *db, int64_t *count, struct error *err);
bool idempotency_erase_old(struct database *db, int64_t most, int64_t *erased, struct error *err);

#endif
