#ifndef KABUTO_WAITERS_H
#define KABUTO_WAITERS_H
/*
 * Counts, for each account, the calls in this process that keep a thread for a long time.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAITERS_MOST 10000 /* calls: the largest value of the setting threads */

struct waiters {
	pthread_mutex_t lock;
	int64_t accounts[WAITERS_MOST]; /* the account's id of each call */
	size_t count;
};
void waiters_init(struct waiters *waiters);

/*
 * Counts a call of the account. False: the account already has `most` calls. On true waiters_leave
 * must follow.
 */
bool waiters_enter(struct waiters *waiters, int64_t account, int64_t most);
void waiters_leave(struct waiters *waiters, int64_t account);

#endif
