/*
 * The scheduler claims work and gives it to threads.
 */
#include "scheduler.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "build.h"
#include "clock.h"
#include "containersweep.h"
#include "crash.h"
#include "engine_container.h"
#include "job.h"
#include "jobstate.h"
#include "log.h"
#include "memory.h"
#include "sandbox.h"
#include "thread.h"
#include "wake.h"
#include "worker.h"

#define POLL_MS       1000           /* between two polls without a wake-up */
#define DELETE_MS     200            /* between two scans for deleted jobs */
#define RECORD_MS     (5 * MS_PER_S) /* between two heartbeats */
#define SWEEP_MS      (60 * 60 * MS_PER_S)
#define PING_LEAST_MS 100 /* between two tries while the engine is away */
#define PING_MOST_MS  5000

struct scheduler {
	struct spooler *spooler;
	struct worker own;
	struct thread *threads;
	int64_t next_record_ms, next_sweep_ms, next_ping_ms, ping_pause_ms; /* monotonic */
	int64_t next_delete_ms;                                             /* monotonic */
	bool had_room;
	bool runtime_checked; /* since the engine was away */
};

/*
 * Whether the thread's job takes a slot. A job that has ended frees its slot before its container
 * is removed.
 */
static bool
scheduler_takes_slot(struct thread *thread)
{
	return thread_work(thread) == WORK_JOB && !thread->worker.over;
}

/*
 * Returns how many jobs may start. As many ended jobs as there are slots may wait for the removal
 * of their containers, so that a slow engine does not get too many requests.
 */
static int64_t
scheduler_count_free_slots(const struct scheduler *scheduler)
{
	int64_t slots = scheduler->own.config->slots, taken = 0, all = 0;

	for (struct thread *t = scheduler->threads; t != NULL; t = t->next) {
		taken += scheduler_takes_slot(t);
		all += thread_work(t) == WORK_JOB;
	}
	return slots - taken < 2 * slots - all ? slots - taken : 2 * slots - all;
}

/* Returns the lowest slot in which no job runs. */
static int64_t
scheduler_free_slot(const struct scheduler *scheduler)
{
	for (int64_t slot = 0;; slot++) {
		struct thread *t = scheduler->threads;

		while (t != NULL && !(scheduler_takes_slot(t) && t->slot == slot))
			t = t->next;
		if (t == NULL)
			return slot;
	}
}

/* Starts jobs. Gets the thread first: a claimed job must have a thread that works on it. */
static bool
scheduler_start_jobs(struct scheduler *scheduler, struct error *err)
{
	const struct config *config = scheduler->own.config;
	int64_t free_slots = scheduler_count_free_slots(scheduler);

	if (!jobstate_retry_due(&scheduler->own.db, err))
		return false;
	for (; free_slots > 0; free_slots--) {
		struct thread *thread = thread_idle(&scheduler->threads, scheduler->spooler, err);
		int64_t slot = scheduler_free_slot(scheduler);
		struct job job;

		if (thread == NULL ||
		    !jobstate_claim(&scheduler->own.db, slot, config->running_max, &job, err))
			return false;
		if (job.id == 0)
			return true;
		crash_point("job", "claim");
		log_write(LOG_INFO, "job=%lld attempt=%lld claimed account=%lld pipeline=%lld",
		    (long long)job.id, (long long)job.attempt, (long long)job.account,
		    (long long)job.pipeline);
		thread->job = job.id;
		thread->slot = slot;
		thread->adopted = false;
		job_clear(&job);
		thread_give(thread, WORK_JOB);
	}
	return true;
}

static bool
scheduler_start_builds(struct scheduler *scheduler, struct error *err)
{
	int64_t free_slots =
	    scheduler->own.config->build_slots - thread_count(scheduler->threads, WORK_BUILD);

	for (; free_slots > 0; free_slots--) {
		struct thread *thread = thread_idle(&scheduler->threads, scheduler->spooler, err);

		if (thread == NULL || !build_claim(&scheduler->own.db, &thread->build, err))
			return false;
		if (thread->build.id == 0)
			return true;
		crash_point("build", "claim");
		log_write(LOG_INFO, "build=%lld claimed image=%lld", (long long)thread->build.id,
		    (long long)thread->build.image);
		thread_give(thread, WORK_BUILD);
	}
	return true;
}

/* Interrupts the calls of cancelled builds to the engine. buildrun then finds the reason. */
static void
scheduler_cancel_builds(struct scheduler *scheduler)
{
	for (struct thread *t = scheduler->threads; t != NULL; t = t->next) {
		struct error ignored;
		bool cancelled = false;

		pthread_mutex_lock(&t->lock);
		if (t->work == WORK_BUILD &&
		    build_is_cancelled(&scheduler->own.db, t->build.id, &cancelled, &ignored) &&
		    cancelled)
			engine_interrupt(&t->worker.engine);
		pthread_mutex_unlock(&t->lock);
	}
}

/*
 * Ends the newest build that BuildKit runs if the machine is short of memory, because BuildKit does
 * not limit the memory of a build. The next poll may end one more, once that one has ended.
 */
static void
scheduler_spare_memory(struct scheduler *scheduler)
{
	int64_t available, floor = scheduler->own.config->build.memory_floor;
	struct thread *newest = NULL;
	int64_t build = 0;

	for (struct thread *t = scheduler->threads; t != NULL; t = t->next) {
		if (t->worker.starved)
			return;
		pthread_mutex_lock(&t->lock);
		if (t->worker.in_buildkit && t->build.id > build) {
			newest = t;
			build = t->build.id;
		}
		pthread_mutex_unlock(&t->lock);
	}
	if (newest == NULL || !memory_read_available(&available) || available >= floor)
		return;
	pthread_mutex_lock(&newest->lock);
	if (newest->worker.in_buildkit && newest->build.id == build) {
		newest->worker.starved = true;
		engine_interrupt(&newest->worker.engine);
		log_write(LOG_WARNING,
		    "build=%lld ended: the machine has %lld bytes of memory available, less than build.memory_floor",
		    (long long)build, (long long)available);
	}
	pthread_mutex_unlock(&newest->lock);
}

/* Tells a job's thread once that the job was cancelled. */
static bool
scheduler_tell_cancelled(int64_t job, int64_t slot, void *context, struct error *err)
{
	struct scheduler *scheduler = context;

	(void)slot;
	(void)err;
	for (struct thread *t = scheduler->threads; t != NULL; t = t->next) {
		pthread_mutex_lock(&t->lock);
		if (t->work == WORK_JOB && t->job == job && t->cancelled != job) {
			t->cancelled = job;
			engine_interrupt(&t->worker.engine);
		}
		pthread_mutex_unlock(&t->lock);
	}
	return true;
}

static void
scheduler_cancel_jobs(struct scheduler *scheduler)
{
	struct error err;

	if (!jobstate_each_cancelled(&scheduler->own.db, scheduler_tell_cancelled, scheduler, &err))
		log_write(LOG_WARNING, "find cancelled jobs: %s, trying again", err.text);
}

/* Removes deleted jobs in a thread, while other work continues. */
static void
scheduler_remove_deleted(struct scheduler *scheduler)
{
	struct error err;
	struct job job;
	struct thread *thread;

	if (clock_monotonic_ms() < scheduler->next_delete_ms ||
	    thread_count(scheduler->threads, WORK_DELETE) > 0)
		return;
	/* A backup may keep files, so the same jobs are found again: pause first. */
	scheduler->next_delete_ms = clock_monotonic_ms() + DELETE_MS;
	if (!jobstate_next_deleted(&scheduler->own.db, &job, &err)) {
		log_write(LOG_WARNING, "find deleted jobs: %s, trying again", err.text);
		return;
	}
	if (job.id == 0)
		return;
	job_clear(&job);
	thread = thread_idle(&scheduler->threads, scheduler->spooler, &err);
	if (thread != NULL)
		thread_give(thread, WORK_DELETE);
}

/* Makes sandboxes in a thread. Jobs do not wait for them. */
static void
scheduler_make_sandboxes(struct scheduler *scheduler)
{
	struct thread *thread;
	struct error err;

	if (!sandbox_is_wanted(scheduler->spooler) ||
	    thread_count(scheduler->threads, WORK_SANDBOXES) > 0)
		return;
	thread = thread_idle(&scheduler->threads, scheduler->spooler, &err);
	if (thread != NULL)
		thread_give(thread, WORK_SANDBOXES);
}

static bool
scheduler_adopt(int64_t job, int64_t slot, void *context, struct error *err)
{
	struct scheduler *scheduler = context;
	struct thread *thread = thread_idle(&scheduler->threads, scheduler->spooler, err);

	if (thread == NULL)
		return false;
	log_write(LOG_INFO, "job=%lld taken over", (long long)job);
	thread->job = job;
	thread->slot = slot;
	thread->adopted = true;
	thread_give(thread, WORK_JOB);
	return true;
}

/*
 * Sweeps the containers if that is due: the spooler or the engine has started, or the last sweep
 * failed. The next whole sweep counts what this one removed. On false the caller must set
 * containers_due again.
 */
static bool
scheduler_sweep_due_containers(struct scheduler *scheduler, struct error *err)
{
	struct spooler *spooler = scheduler->spooler;
	struct sweep sweep = { 0 };
	bool done = !atomic_exchange(&spooler->containers_due, false) ||
	    containersweep_run(&scheduler->own, &sweep, err);

	spooler->swept_containers += sweep.containers;
	return done;
}

/* Whether the engine answers, and its containers have been swept where that is due. */
static bool
scheduler_reach_engine(struct scheduler *scheduler, struct error *err)
{
	const char *runtime = scheduler->spooler->config->engine.runtime;

	if (!engine_ping(&scheduler->own.engine, err))
		return false;
	sandbox_choose(scheduler->spooler, &scheduler->own.engine);
	if (runtime[0] != '\0' && !scheduler->runtime_checked &&
	    !engine_container_check_runtime(&scheduler->own.engine, runtime, err))
		return false;
	scheduler->runtime_checked = true;
	return scheduler_sweep_due_containers(scheduler, err);
}

/* Checks whether the engine answers: rarely while it is up, often while it is away. */
static void
scheduler_check_engine(struct scheduler *scheduler)
{
	bool away = spooler_engine_away_since(scheduler->spooler) != 0;
	int64_t now = clock_monotonic_ms();
	struct error err;

	if (now < scheduler->next_ping_ms)
		return;
	if (scheduler_reach_engine(scheduler, &err)) {
		scheduler->ping_pause_ms = PING_LEAST_MS;
		scheduler->next_ping_ms = now + PING_MOST_MS;
		spooler_record_engine(scheduler->spooler, NULL);
		return;
	}
	if (!away)
		scheduler->ping_pause_ms = PING_LEAST_MS;
	spooler_record_engine(scheduler->spooler, &err);
	scheduler->spooler->containers_due = true;
	scheduler->runtime_checked = false;
	sandbox_forget_all(scheduler->spooler);
	scheduler->next_ping_ms = clock_monotonic_ms() + scheduler->ping_pause_ms;
	scheduler->ping_pause_ms *= 2;
	if (scheduler->ping_pause_ms > PING_MOST_MS)
		scheduler->ping_pause_ms = PING_MOST_MS;
}

/* Whether the disk has enough free space to start work. Running work continues in any case. */
static bool
scheduler_has_room(struct scheduler *scheduler)
{
	struct spooler *spooler = scheduler->spooler;
	struct error err = { .kind = ERROR_NONE };
	bool room = spool_has_room(&spooler->spool, scheduler->own.config, &err);

	pthread_mutex_lock(&spooler->lock);
	snprintf(spooler->status.disk_error, sizeof spooler->status.disk_error, "%s", err.text);
	pthread_mutex_unlock(&spooler->lock);
	if (room != scheduler->had_room)
		log_write(room ? LOG_INFO : LOG_ERROR, "disk=%s %s", room ? "ok" : "full",
		    room ? "jobs start again" : err.text);
	scheduler->had_room = room;
	return room;
}

/* Records the heartbeat for /healthz. */
static void
scheduler_record_life(struct scheduler *scheduler)
{
	struct service_status status;
	struct error err;

	pthread_mutex_lock(&scheduler->spooler->lock);
	status = scheduler->spooler->status;
	pthread_mutex_unlock(&scheduler->spooler->lock);
	if (!service_record(&scheduler->own.db, &status, &err))
		log_write(LOG_WARNING, "record the heartbeat: %s, trying again", err.text);
	else
		scheduler->next_record_ms = clock_monotonic_ms() + RECORD_MS;
}

/* Starts a sweep unless one is running. */
static void
scheduler_sweep(struct scheduler *scheduler)
{
	struct thread *thread;
	struct error err;

	if (thread_count(scheduler->threads, WORK_SWEEP) > 0)
		return;
	scheduler->spooler->sweep_asked = false;
	thread = thread_idle(&scheduler->threads, scheduler->spooler, &err);
	if (thread != NULL)
		thread_give(thread, WORK_SWEEP);
	else
		log_write(LOG_WARNING, "start a sweep: %s", err.text);
	scheduler->next_sweep_ms = clock_monotonic_ms() + SWEEP_MS;
}

/* One round: starts everything that may start now. */
static void
scheduler_poll(struct scheduler *scheduler)
{
	int64_t was_away = spooler_engine_away_since(scheduler->spooler),
		now = clock_monotonic_ms();
	struct error err;

	scheduler->own.config = scheduler->spooler->config;
	scheduler_check_engine(scheduler);
	if (now >= scheduler->next_sweep_ms || scheduler->spooler->sweep_asked)
		scheduler_sweep(scheduler);
	scheduler_cancel_builds(scheduler);
	scheduler_spare_memory(scheduler);
	scheduler_cancel_jobs(scheduler);
	scheduler_remove_deleted(scheduler);
	if (scheduler_has_room(scheduler)) {
		if (!scheduler_start_builds(scheduler, &err))
			log_write(LOG_WARNING, "start builds: %s, trying again", err.text);
		if (spooler_engine_away_since(scheduler->spooler) == 0 &&
		    !scheduler_start_jobs(scheduler, &err))
			log_write(LOG_WARNING, "start jobs: %s, trying again", err.text);
		if (spooler_engine_away_since(scheduler->spooler) == 0)
			scheduler_make_sandboxes(scheduler);
	}
	if (now >= scheduler->next_record_ms ||
	    was_away != spooler_engine_away_since(scheduler->spooler))
		scheduler_record_life(scheduler);
}

/* Waits for a wake-up from a handler or a finished thread, or for a second. */
static void
scheduler_wait_for_news(struct scheduler *scheduler)
{
	struct spooler *spooler = scheduler->spooler;
	struct pollfd fds[] = { { .fd = spooler->wake, .events = POLLIN },
		{ .fd = spooler->nudge, .events = POLLIN } };
	int64_t to_ping = scheduler->next_ping_ms - clock_monotonic_ms();
	eventfd_t count;

	if (poll(fds, 2, (int)(to_ping < 1 ? 1 : to_ping < POLL_MS ? to_ping : POLL_MS)) <= 0)
		return;
	(void)eventfd_read(spooler->nudge, &count);
	wake_drain(spooler->wake);
}

bool
scheduler_run(struct spooler *spooler, struct error *err)
{
	struct scheduler scheduler = {
		.spooler = spooler, .ping_pause_ms = PING_LEAST_MS, .had_room = true
	};
	bool done;

	if (!worker_open(&scheduler.own, spooler, err))
		return false;
	done = build_unclaim_all(&scheduler.own.db, err) &&
	    jobstate_each_running(&scheduler.own.db, scheduler_adopt, &scheduler, err);
	if (done)
		log_write(LOG_INFO, "slots=%lld build_slots=%lld instance=%s ready",
		    (long long)scheduler.own.config->slots,
		    (long long)scheduler.own.config->build_slots, spooler->instance);
	while (done && !spooler->stopping) {
		scheduler_poll(&scheduler);
		scheduler_wait_for_news(&scheduler);
	}
	spooler->stopping = true;
	thread_stop_all(&scheduler.threads, spooler);
	if (spooler->sandboxes->slots > 0 && spooler_engine_away_since(spooler) == 0)
		sandbox_remove_all_idle(&scheduler.own);
	worker_close(&scheduler.own);
	return done;
}
