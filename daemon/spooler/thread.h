#ifndef KABUTO_THREAD_H
#define KABUTO_THREAD_H
/*
 * The spooler's threads. Each does one piece of work at a time, and lives as long as the spooler.
 * It keeps its connections to the database and the engine between two pieces of work.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "build.h"
#include "error.h"
#include "spooler.h"
#include "worker.h"

enum work { WORK_NONE, WORK_JOB, WORK_BUILD, WORK_SWEEP, WORK_DELETE, WORK_SANDBOXES };

struct thread {
	struct thread *next;
	pthread_t id;
	struct worker worker;
	pthread_mutex_t lock; /* protects work, job and build */
	pthread_cond_t given;
	enum work work; /* WORK_NONE: the thread waits for work */
	int64_t job;
	bool adopted;      /* the job was taken over from a former spooler */
	int64_t slot;      /* the job's slot */
	int64_t cancelled; /* the job whose cancellation was passed on to it */
	struct build build;
};

/* Returns what the thread works on now. */
enum work thread_work(struct thread *thread);

/* Returns how many threads of the list work on this. */
int64_t thread_count(struct thread *all, enum work work);

/*
 * Returns a thread that waits for work. If all are busy, it starts a new one and adds it to the
 * list. NULL: error.
 */
struct thread *thread_idle(struct thread **all, struct spooler *spooler, struct error *err);

/* Gives the work to an idle thread, whose job, slot, adopted or build the caller has set. */
void thread_give(struct thread *thread, enum work work);

/* Interrupts the threads' calls to the engine, waits until they have ended, and frees the list. */
void thread_stop_all(struct thread **all, struct spooler *spooler);

#endif
