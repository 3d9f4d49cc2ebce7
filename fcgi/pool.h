#ifndef KABUTO_POOL_H
#define KABUTO_POOL_H
/*
 * Shares a few database connections among the threads of a process. A thread needs one only while
 * it reads or writes rows, and each open connection takes memory.
 */
#include <pthread.h>
#include <stdbool.h>

#include "database.h"
#include "error.h"

#define POOL_SIZE 8

struct pool {
	pthread_mutex_t lock; /* protects all members below */
	pthread_cond_t given; /* signalled when a connection is given back */
	const char *path;     /* of the database */
	struct database databases[POOL_SIZE];
	bool taken[POOL_SIZE];
};

void pool_init(struct pool *pool, const char *path);
void pool_clear(struct pool *pool);

/*
 * Waits until a connection is free, and opens it if necessary. pool_give must follow. NULL: failed,
 * err is set.
 */
struct database *pool_take(struct pool *pool, struct error *err);
void pool_give(struct pool *pool, struct database *db);

#endif
