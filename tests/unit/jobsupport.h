#ifndef KABUTO_TESTS_JOBSUPPORT_H
#define KABUTO_TESTS_JOBSUPPORT_H
/*
 * What tests of jobs share: adding, submitting, claiming and ending them.
 */
#include "support.h"

#include "job.h"
#include "jobstate.h"
#include "submission.h"

#define QUEUED_MOST 1000000

static const struct account root = { .id = 0, .login = "root", .admin = true };

/* Adds a job to a pipeline, as its owner. */
static inline int64_t
add_job(struct world *world, int64_t pipeline, int64_t image)
{
	const struct attachments none = { 0 };
	struct job job = { .pipeline = pipeline,
		.image = image,
		.network = strdup("none"),
		.stderr = strdup(JOBOPTION_SEPARATE),
		.timeout = 60,
		.grace = 10,
		.memory = 1 << 20,
		.cpus = 1,
		.pids = 10,
		.disk = 1 << 20 };
	int64_t id;

	must(job_create(&world->db, NULL, &root, &job, &none, NULL, 0, &world->err), &world->err);
	id = job.id;
	job_clear(&job);
	return id;
}

static inline void
submit(struct world *world, int64_t pipeline)
{
	must(submission_submit(&world->db, &root, pipeline,
		 &(struct config){ .queued_max = QUEUED_MOST }, NULL, NULL, &world->err),
	    &world->err);
}

/* Claims the next job: its id, 0 for none. */
static inline int64_t
claim(struct world *world)
{
	struct job job;
	int64_t id;

	must(jobstate_claim(&world->db, 0, 100, &job, &world->err), &world->err);
	id = job.id;
	job_clear(&job);
	return id;
}

static inline struct job
job_of(struct world *world, int64_t id)
{
	struct job job;

	must(job_read(&world->db, id, &job, &world->err), &world->err);
	assert_int_equal(job.id, id);
	return job;
}

static inline bool
has_state(struct world *world, int64_t id, const char *state)
{
	struct job job = job_of(world, id);
	bool same = strcmp(job.state, state) == 0;

	if (!same)
		print_error("job %lld is %s, not %s\n", (long long)id, job.state, state);
	job_clear(&job);
	return same;
}

static inline void
end(struct world *world, int64_t id, int64_t response)
{
	struct job job = job_of(world, id);
	char old[NAME_TEXT];

	job.has_response = true;
	job.response = response;
	must(jobstate_end(&world->db, &job, old, &world->err), &world->err);
	job_clear(&job);
}

/* All that the database remembers lies a second further back, so that nothing depends on the
 * clock's step. */
static inline void
second_passes(struct world *world)
{
	world_sql(world,
	    "UPDATE job SET queued_at = queued_at - 1000 WHERE queued_at IS NOT NULL;"
	    "UPDATE queue SET waiting_since = waiting_since - 1000;"
	    "UPDATE account SET served_at = served_at - 1000 WHERE served_at <> 0");
}

#endif
