/*
 * A thread's work is recorded in the database, so nothing is lost if the thread dies.
 */
#include "thread.h"

#include <errno.h>
#include <stdlib.h>

#include "buildrun.h"
#include "deletion.h"
#include "jobrun.h"
#include "sandbox.h"
#include "sweeprun.h"

#define STACK_BYTES (512 * 1024)

static void *
thread_main(void *argument)
{
	struct thread *thread = argument;
	struct spooler *spooler = thread->worker.spooler;

	pthread_mutex_lock(&thread->lock);
	while (!spooler->stopping) {
		if (thread->work == WORK_NONE) {
			pthread_cond_wait(&thread->given, &thread->lock);
			continue;
		}
		pthread_mutex_unlock(&thread->lock);
		thread->worker.config = spooler->config;
		switch (thread->work) {
		case WORK_JOB:
			jobrun(&thread->worker, thread->job, thread->adopted);
			break;
		case WORK_BUILD:
			buildrun(&thread->worker, &thread->build);
			break;
		case WORK_DELETE:
			deletion_run(&thread->worker);
			break;
		case WORK_SANDBOXES:
			sandbox_make_missing(&thread->worker);
			break;
		default:
			sweeprun(&thread->worker);
		}
		pthread_mutex_lock(&thread->lock);
		build_clear(&thread->build);
		thread->cancelled = 0;
		thread->worker.over = false;
		thread->worker.starved = false;
		thread->work = WORK_NONE;
		spooler_nudge(spooler);
	}
	pthread_mutex_unlock(&thread->lock);
	return NULL;
}

static struct thread *
thread_start(struct thread **all, struct spooler *spooler, struct error *err)
{
	struct thread *thread = calloc(1, sizeof *thread);
	pthread_attr_t attributes;

	if (thread == NULL) {
		error_set(err, ERROR_SYSTEM, "start a thread: not enough memory");
		return NULL;
	}
	if (!worker_open(&thread->worker, spooler, err)) {
		free(thread);
		return NULL;
	}
	pthread_mutex_init(&thread->lock, NULL);
	pthread_cond_init(&thread->given, NULL);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	errno = pthread_create(&thread->id, &attributes, thread_main, thread);
	pthread_attr_destroy(&attributes);
	if (errno != 0) {
		error_errno(err, "start a thread");
		worker_close(&thread->worker);
		free(thread);
		return NULL;
	}
	thread->next = *all;
	*all = thread;
	return thread;
}

enum work
thread_work(struct thread *thread)
{
	enum work work;

	pthread_mutex_lock(&thread->lock);
	work = thread->work;
	pthread_mutex_unlock(&thread->lock);
	return work;
}

int64_t
thread_count(struct thread *all, enum work work)
{
	int64_t count = 0;

	for (struct thread *t = all; t != NULL; t = t->next)
		count += thread_work(t) == work;
	return count;
}

struct thread *
thread_idle(struct thread **all, struct spooler *spooler, struct error *err)
{
	for (struct thread *t = *all; t != NULL; t = t->next)
		if (thread_work(t) == WORK_NONE)
			return t;
	return thread_start(all, spooler, err);
}

void
thread_give(struct thread *thread, enum work work)
{
	pthread_mutex_lock(&thread->lock);
	thread->work = work;
	pthread_cond_signal(&thread->given);
	pthread_mutex_unlock(&thread->lock);
}

void
thread_stop_all(struct thread **all, struct spooler *spooler)
{
	spooler_wake_starts(spooler);
	for (struct thread *t = *all; t != NULL; t = t->next) {
		engine_interrupt(&t->worker.engine);
		pthread_mutex_lock(&t->lock);
		pthread_cond_signal(&t->given);
		pthread_mutex_unlock(&t->lock);
	}
	while (*all != NULL) {
		struct thread *thread = *all;

		pthread_join(thread->id, NULL);
		*all = thread->next;
		build_clear(&thread->build);
		worker_close(&thread->worker);
		free(thread);
	}
}
