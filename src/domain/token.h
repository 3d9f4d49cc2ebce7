#ifndef KABUTO_TOKEN_H
#define KABUTO_TOKEN_H
/*
 * API tokens: what scripts log in with (Authorization: Bearer, RFC 6750). The value is shown once;
 * only its hash is kept.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "database.h"
#include "error.h"
#include "secret.h"

#define API_TOKEN_PREFIX "kabuto_" /* so that scanners for secrets know one */
#define API_TOKEN_TEXT   (sizeof API_TOKEN_PREFIX - 1 + TOKEN_TEXT)
#define API_TOKENS_MOST  100 /* of an account */

struct token {
	int64_t id;
	const char *name;
	int64_t created_at;
	int64_t expires_at; /* 0: never */
	int64_t used_at;    /* to the hour; 0: never */
};

/*
 * Makes one of that name, which is valid for days days (0: until it is deleted); value gets what
 * the client is to hold. ERROR_CONFLICT: the account has API_TOKENS_MOST.
 */
bool token_create(struct database *db, int64_t account, const char *name, int64_t days, int64_t *id,
    char value[static API_TOKEN_TEXT], struct error *err);

/*
 * Whose token the value is, and which; *account with id 0: nobody's, or it has expired, or its
 * account is disabled.
 */
bool token_find(struct database *db, const char *value, struct account *account, int64_t *id,
    struct error *err);

/* Called for each token with texts that last for the call. */
typedef bool token_visit(const struct token *token, void *context, struct error *err);

/* The account's tokens by id: those after the id after, at most limit; or one (ERROR_NOT_FOUND). */
bool token_each(struct database *db, int64_t account, int64_t after, int64_t limit,
    token_visit *visit, void *context, struct error *err);
bool token_show(struct database *db, int64_t account, int64_t id, token_visit *visit, void *context,
    struct error *err);

/* Deletes one; whoever has its value is logged out. ERROR_NOT_FOUND: it is not the account's. */
bool token_delete(struct database *db, int64_t account, int64_t id, struct error *err);

/* Those that have expired: counts them, or drops up to most of them. */
bool token_count_expired(struct database *db, int64_t *count, struct error *err);
bool token_drop_expired(struct database *db, int64_t most, int64_t *dropped, struct error *err);

#endif
