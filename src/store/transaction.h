#ifndef KABUTO_TRANSACTION_H
#define KABUTO_TRANSACTION_H
/*
 * A transaction that writes (BEGIN IMMEDIATE). cleanup_transaction rolls it back at the end of the
 * scope if it was not committed. A transaction that begins within another one becomes a part of it:
 * if the part fails, the outer one must not be committed.
 */
#include "database.h"

struct transaction {
	struct database *db; /* NULL: none is open */
	bool part;           /* part of an outer one, which commits */
};
bool transaction_begin(struct transaction *t, struct database *db, struct error *err);
bool transaction_commit(struct transaction *t, struct error *err);
void transaction_end(struct transaction *t);
#define cleanup_transaction __attribute__((cleanup(transaction_end)))

/*
 * Lets the caller add statements to a transaction of a function that it calls. After
 * transaction_hold the next commit waits for transaction_settle, which commits (wanted) or rolls
 * back. The same thread must call both. transaction_settle returns true if no transaction is open.
 */
void transaction_hold(struct database *db);
bool transaction_settle(struct database *db, bool wanted, struct error *err);

/*
 * Makes the following statements read the database as it is at the first of them, until
 * transaction_end_reading. They must not write. Must not be called within a transaction.
 */
bool transaction_begin_reading(struct database *db, struct error *err);
void transaction_end_reading(struct database *db);

#endif
