#ifndef KABUTO_WAITERS_H
#define KABUTO_WAITERS_H
/*
 * The calls in this process that keep a thread for long: an account's id for each of them.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAITERS_MOST 10000 /* as threads has at most */

struct waiters {
	pthread_mutex_t lock;
	int64_t accounts[WAITERS_MOST];
	size_t count;
};
void waiters_init(struct waiters *waiters);

/* Counts a call of the account. False: it has `most` of them already. On true waiters_leave must
 * follow. */
bool waiters_enter(struct waiters *waiters, int64_t account, int64_t most);
void waiters_leave(struct waiters *waiters, int64_t account);

#endif
