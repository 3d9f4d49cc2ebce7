#ifndef KABUTO_POOL_H
#define KABUTO_POOL_H
/*
 * Database connections that the threads of a process share: a few, since a thread needs one only
 * while it reads or writes rows, and an open one takes memory.
 */
#include <pthread.h>
#include <stdbool.h>

#include "database.h"
#include "error.h"

#define POOL_SIZE 8

struct pool {
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t given;
	const char *path; /* of the database */
	struct database databases[POOL_SIZE];
	bool taken[POOL_SIZE];
};

void pool_init(struct pool *pool, const char *path);
void pool_clear(struct pool *pool);

/* Waits until one is free, and opens it where it is not open yet; NULL with err set. */
struct database *pool_take(struct pool *pool, struct error *err);
void pool_give(struct pool *pool, struct database *db);

#endif
