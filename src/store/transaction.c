/*
 * Transactions that write. The threads of a process wait for each other at a mutex, since SQLite
 * only sleeps and tries again.
 */
#include "transaction.h"

#include <pthread.h>
#include <time.h>

#include "clock.h"

/* The process's one open transaction holds it. */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

static bool
transaction_lock(struct error *err)
{
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec +=
	    2 * CONNECTION_BUSY_MS / MS_PER_S; /* its holder may itself wait that long */
	if (pthread_mutex_timedlock(&writing, &deadline) == 0)
		return true;
	error_set(err, ERROR_BUSY, "the database is busy; try again in a moment");
	err->retry_after_s = 1;
	return false;
}

bool
transaction_begin(struct transaction *t, struct database *db, struct error *err)
{
	t->part = db->open;
	if (!t->part && !transaction_lock(err))
		return false;
	if (!t->part && !database_run(db, err, "BEGIN IMMEDIATE", NO_VALUES)) {
		pthread_mutex_unlock(&writing);
		return false;
	}
	t->db = db;
	db->open = true;
	return true;
}

static bool
transaction_write(struct database *db, struct error *err)
{
	if (!database_run(db, err, "COMMIT", NO_VALUES))
		return false;
	db->open = false;
	pthread_mutex_unlock(&writing);
	return true;
}

static void
transaction_roll_back(struct database *db)
{
	struct error ignored;

	(void)database_run(db, &ignored, "ROLLBACK", NO_VALUES);
	db->open = false;
	pthread_mutex_unlock(&writing);
}

bool
transaction_commit(struct transaction *t, struct error *err)
{
	if (!t->part && !t->db->holds && !transaction_write(t->db, err))
		return false;
	t->db = NULL;
	return true;
}

void
transaction_end(struct transaction *t)
{
	if (t->db != NULL && !t->part)
		transaction_roll_back(t->db);
	t->db = NULL;
}

void
transaction_hold(struct database *db)
{
	db->holds = true;
}

bool
transaction_settle(struct database *db, bool wanted, struct error *err)
{
	bool done = true;

	if (db->open && wanted)
		done = transaction_write(db, err);
	if (db->open)
		transaction_roll_back(db);
	db->holds = false;
	return done;
}

bool
transaction_begin_reading(struct database *db, struct error *err)
{
	return database_run(db, err, "BEGIN", NO_VALUES);
}

void
transaction_end_reading(struct database *db)
{
	struct error ignored;

	(void)database_run(db, &ignored, "COMMIT", NO_VALUES);
}
