/*
 * Takes connections and gives them back.
 */
#include "pool.h"

#include "schema.h"

void
pool_init(struct pool *pool, const char *path)
{
	*pool = (struct pool){ .path = path };
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->given, NULL);
}

void
pool_clear(struct pool *pool)
{
	for (int i = 0; i < POOL_SIZE; i++)
		connection_close(&pool->databases[i]);
	pthread_cond_destroy(&pool->given);
	pthread_mutex_destroy(&pool->lock);
}

/* Returns the index of a free connection, an open one if possible; -1: all are taken. */
static int
pool_find_free(const struct pool *pool)
{
	int found = -1;

	for (int i = 0; i < POOL_SIZE; i++)
		if (!pool->taken[i] && (found < 0 || pool->databases[i].handle != NULL)) {
			found = i;
			if (pool->databases[i].handle != NULL)
				break;
		}
	return found;
}

struct database *
pool_take(struct pool *pool, struct error *err)
{
	struct database *db;
	int i;

	pthread_mutex_lock(&pool->lock);
	while ((i = pool_find_free(pool)) < 0)
		pthread_cond_wait(&pool->given, &pool->lock);
	pool->taken[i] = true;
	pthread_mutex_unlock(&pool->lock);
	db = &pool->databases[i];
	if (db->handle != NULL || schema_open(db, pool->path, err))
		return db;
	pool_give(pool, db);
	return NULL;
}

void
pool_give(struct pool *pool, struct database *db)
{
	pthread_mutex_lock(&pool->lock);
	pool->taken[db - pool->databases] = false;
	pthread_cond_signal(&pool->given);
	pthread_mutex_unlock(&pool->lock);
}
