/*
 * Counts calls by account.
 */
#include "waiters.h"

void
waiters_init(struct waiters *waiters)
{
	pthread_mutex_init(&waiters->lock, NULL);
	waiters->count = 0;
}

bool
waiters_enter(struct waiters *waiters, int64_t account, int64_t most)
{
	int64_t of_account = 0;
	bool entered;

	pthread_mutex_lock(&waiters->lock);
	for (size_t i = 0; i < waiters->count; i++)
		of_account += waiters->accounts[i] == account;
	entered = of_account < most && waiters->count < WAITERS_MOST;
	if (entered)
		waiters->accounts[waiters->count++] = account;
	pthread_mutex_unlock(&waiters->lock);
	return entered;
}

void
waiters_leave(struct waiters *waiters, int64_t account)
{
	size_t i = 0;

	pthread_mutex_lock(&waiters->lock);
	while (waiters->accounts[i] != account)
		i++;
	waiters->accounts[i] = waiters->accounts[--waiters->count];
	pthread_mutex_unlock(&waiters->lock);
}
