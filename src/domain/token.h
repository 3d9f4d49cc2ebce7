#ifndef KABUTO_TOKEN_H
#define KABUTO_TOKEN_H
/*
 * API tokens, which scripts log in with (Authorization: Bearer, RFC 6750). The value is shown once;
 * only its hash is stored.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "database.h"
#include "error.h"
#include "secret.h"

#define API_TOKEN_PREFIX "kabuto_" /* so that secret scanners recognise a token */
#define API_TOKEN_TEXT   (sizeof API_TOKEN_PREFIX - 1 + TOKEN_TEXT)
#define API_TOKENS_MOST  100 /* per account */

struct token {
	int64_t id;
	const char *name;
	int64_t created_at;
	int64_t expires_at; /* 0: never */
	int64_t used_at;    /* to the hour; 0: never */
};

/*
 * Makes a token that is valid for `days` days (0: until it is deleted). value gets its value, for
 * the client. ERROR_CONFLICT: the account already has API_TOKENS_MOST tokens.
 */
bool token_create(struct database *db, int64_t account, const char *name, int64_t days, int64_t *id,
    char value[static API_TOKEN_TEXT], struct error *err);

/*
 * Finds a token by its value: *account gets its account, *id its id. Returns true with account->id
 * == 0 if it does not exist, has expired, or its account is disabled.
 */
bool token_find(struct database *db, const char *value, struct account *account, int64_t *id,
    struct error *err);

/* The same, but records no use: it writes nothing. For a call that stays open. */
bool token_check(struct database *db, const char *value, struct account *account,
    struct error *err);

/* Gets one token. Its texts are valid during the call. */
typedef bool token_visit(const struct token *token, void *context, struct error *err);

/*
 * token_each lists at most `limit` tokens of the account with an id above `after`. token_show calls
 * visit for one token; ERROR_NOT_FOUND: it is not the account's.
 */
bool token_each(struct database *db, int64_t account, int64_t after, int64_t limit,
    token_visit *visit, void *context, struct error *err);
bool token_show(struct database *db, int64_t account, int64_t id, token_visit *visit, void *context,
    struct error *err);

/* Deletes a token: its value is no longer valid. ERROR_NOT_FOUND: it is not the account's. */
bool token_erase(struct database *db, int64_t account, int64_t id, struct error *err);

/* Count, or drop at most `most` of, the tokens that have expired. */
bool token_count_expired(struct database *db, int64_t *count, struct error *err);
bool token_erase_expired(struct database *db, int64_t most, int64_t *erased, struct error *err);

#endif
