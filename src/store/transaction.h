#ifndef KABUTO_TRANSACTION_H
#define KABUTO_TRANSACTION_H
/*
 * A transaction that writes, as a scope: BEGIN IMMEDIATE, always. It is rolled back at the scope's
 * end unless it was committed. A transaction that begins within another one is a part of that one:
 * if the part fails, its caller must not commit.
 */
#include "database.h"

struct transaction {
	struct database *db; /* NULL: none is open */
	bool part;           /* of another one, which commits */
};
bool transaction_begin(struct transaction *t, struct database *db, struct error *err);
bool transaction_commit(struct transaction *t, struct error *err);
void transaction_end(struct transaction *t);
#define cleanup_transaction __attribute__((cleanup(transaction_end)))

/*
 * Lets the caller add to a transaction that it does not see: after transaction_hold the next commit
 * is put off until transaction_settle, which commits it or rolls it back. Both must be called by
 * the same thread. Settling without a transaction returns true.
 */
void transaction_hold(struct database *db);
bool transaction_settle(struct database *db, bool wanted, struct error *err);

#endif
