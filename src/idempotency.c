/*
 * Rows of kept answers. An answer that holds a secret is sealed under one that only the client has
 * (its session's or API token's value), so that the database alone opens nothing.
 */
#include "idempotency.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "quantity.h"

#define KEPT_MS DAY_MS

#define SEAL_MORE (crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES)

void
digest_begin(struct digest *digest, const char *secret)
{
	crypto_generichash_init(&digest->state, (const unsigned char *)secret,
	    secret != NULL ? strlen(secret) : 0, DIGEST_BYTES);
}

void
digest_bytes(struct digest *digest, const void *bytes, size_t length)
{
	crypto_generichash_update(&digest->state, bytes, length);
}

void
digest_add(struct digest *digest, const char *name, const void *value, size_t length)
{
	uint64_t size = length;

	digest_bytes(digest, name, strlen(name) + 1);
	digest_bytes(digest, &size, sizeof size);
	if (length > 0)
		digest_bytes(digest, value, length);
}

void
digest_end(struct digest *digest, unsigned char result[static DIGEST_BYTES])
{
	crypto_generichash_final(&digest->state, result, DIGEST_BYTES);
}

static void
sealing_key(const char *secret, unsigned char key[static crypto_secretbox_KEYBYTES])
{
	static const char purpose[] = "kabuto idempotency";

	crypto_generichash(key, crypto_secretbox_KEYBYTES, (const unsigned char *)secret,
	    strlen(secret), (const unsigned char *)purpose, sizeof purpose - 1);
}

/* A nonce, then the box; the caller's to free. NULL: no memory. */
static unsigned char *
sealed(const char *secret, const char *text, size_t *length)
{
	unsigned char key[crypto_secretbox_KEYBYTES];
	unsigned char *box = malloc(strlen(text) + SEAL_MORE);

	if (box == NULL)
		return NULL;
	sealing_key(secret, key);
	randombytes_buf(box, crypto_secretbox_NONCEBYTES);
	crypto_secretbox_easy(box + crypto_secretbox_NONCEBYTES, (const unsigned char *)text,
	    strlen(text), box, key);
	sodium_memzero(key, sizeof key);
	*length = strlen(text) + SEAL_MORE;
	return box;
}

/* The text in a box; the caller's to free. NULL with err set. */
static char *
unsealed(const char *secret, const unsigned char *box, size_t length, struct error *err)
{
	unsigned char key[crypto_secretbox_KEYBYTES];
	char *text = length < SEAL_MORE ? NULL : malloc(length - SEAL_MORE + 1);
	bool opened;

	if (text == NULL) {
		error_set(err, ERROR_SYSTEM, "read a kept answer: not enough memory");
		return NULL;
	}
	sealing_key(secret, key);
	opened =
	    crypto_secretbox_open_easy((unsigned char *)text, box + crypto_secretbox_NONCEBYTES,
		length - crypto_secretbox_NONCEBYTES, box, key) == 0;
	sodium_memzero(key, sizeof key);
	text[length - SEAL_MORE] = '\0';
	if (opened)
		return text;
	free(text);
	error_set(err, ERROR_CONFLICT,
	    "Idempotency-Key: the first call's answer holds a secret, which only the session that made the call can read");
	return NULL;
}

static bool
take_answer(const struct idempotency *call, const void *kept, size_t length, char **answer,
    struct error *err)
{
	*answer =
	    call->seal != NULL ? unsealed(call->seal, kept, length, err) : strndup(kept, length);
	if (*answer == NULL && call->seal == NULL)
		return error_set(err, ERROR_SYSTEM, "read a kept answer: not enough memory");
	return *answer != NULL;
}

bool
idempotency_find(struct database *db, const struct idempotency *call, int *status, char **answer,
    struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	const void *kept;
	size_t length;
	int row;

	*answer = NULL;
	if (!statement_begin(&st, db, err,
		"SELECT digest, status, answer FROM idempotency"
		" WHERE account = ? AND key = ? AND created_at > ?",
		"iti", (long long)call->account, call->key, (long long)(time_now_ms() - KEPT_MS)))
		return false;
	row = statement_row(&st, err);
	if (row != 1)
		return row == 0;
	if (memcmp(statement_blob(&st, 0, &length), call->digest, DIGEST_BYTES) != 0)
		return error_set(err, ERROR_IMPOSSIBLE,
		    "Idempotency-Key: it came with another call before; take a new key for a new call");
	*status = (int)statement_integer(&st, 1);
	kept = statement_blob(&st, 2, &length);
	return take_answer(call, kept, length, answer, err);
}

static bool
check_count(struct database *db, int64_t account, struct error *err)
{
	int64_t count = 0;

	if (database_integer(db, &count, err, "SELECT count(*) FROM idempotency WHERE account = ?",
		"i", (long long)account) < 0)
		return false;
	if (count < IDEMPOTENCY_KEYS_MOST)
		return true;
	error_set(err, ERROR_TOO_MANY, "Idempotency-Key: at most %d keys in 24 hours",
	    IDEMPOTENCY_KEYS_MOST);
	err->retry_after_s = (int)(KEPT_MS / MS_PER_S / 24);
	return false;
}

bool
idempotency_keep(struct database *db, const struct idempotency *call, int status,
    const char *answer, struct error *err)
{
	cleanup_free unsigned char *box = NULL;
	const void *kept = answer;
	size_t length = strlen(answer);
	long long now = time_now_ms();
	int changes = 0;

	if (call->seal != NULL) {
		kept = box = sealed(call->seal, answer, &length);
		if (box == NULL)
			return error_set(err, ERROR_SYSTEM, "keep an answer: not enough memory");
	}
	if (!check_count(db, call->account, err) ||
	    !database_run(db, &changes, err,
		"INSERT INTO idempotency (account, key, digest, status, answer, created_at)"
		" VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account, key) DO UPDATE SET"
		" digest = excluded.digest, status = excluded.status, answer = excluded.answer,"
		" created_at = excluded.created_at WHERE created_at <= ?",
		"itbibii", (long long)call->account, call->key, call->digest, DIGEST_BYTES,
		(long long)status, kept, (int)length, now, now - KEPT_MS))
		return false;
	return changes == 1 ||
	    error_set(err, ERROR_CONFLICT,
		"Idempotency-Key: another call with it has just been made; repeat this one");
}

bool
idempotency_count_old(struct database *db, int64_t *count, struct error *err)
{
	return database_integer(db, count, err,
		   "SELECT count(*) FROM idempotency WHERE created_at <= ?", "i",
		   (long long)(time_now_ms() - KEPT_MS)) == 1;
}

bool
idempotency_drop_old(struct database *db, int64_t most, int64_t *dropped, struct error *err)
{
	return database_drop(db, dropped, err,
	    "DELETE FROM idempotency WHERE (account, key) IN"
	    " (SELECT account, key FROM idempotency WHERE created_at <= ? LIMIT ?)",
	    time_now_ms() - KEPT_MS, most);
}
