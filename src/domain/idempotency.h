#ifndef KABUTO_IDEMPOTENCY_H
#define KABUTO_IDEMPOTENCY_H
/*
 * Answers of calls that came with an Idempotency-Key, so that whoever lost one may repeat the call
 * (after the IETF draft draft-ietf-httpapi-idempotency-key-header). An answer is kept in the
 * transaction of what it answers: there is never one without the other. A call that takes or
 * answers a secret cannot have a key, since its answer would be kept.
 */
#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "digest.h"
#include "error.h"

#define IDEMPOTENCY_KEY_MOST  255   /* bytes */
#define IDEMPOTENCY_KEYS_MOST 10000 /* of an account, in a day */
struct idempotency {
	int64_t account;
	const char *key;
	unsigned char digest[DIGEST_BYTES];
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
