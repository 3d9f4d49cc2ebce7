/*
 * Jobs that wait for a build.
 */
#include "jobsupport.h"

#include "build.h"
#include "jobwait.h"

struct waiting {
	struct world *world;
	struct account alice;
	int64_t pipeline, image, build;
	int64_t jobs[2];
};

/* A pipeline whose two jobs wait for the first build of their image. */
static struct waiting
begin(void **state)
{
	struct waiting made = { .world = *state };
	char sql[256];

	made.alice = world_account(made.world, "alice");
	made.pipeline = world_pipeline(made.world, made.alice.id, 2, "stop");
	made.image = world_image(made.world, made.alice.id);
	for (size_t i = 0; i < COUNT(made.jobs); i++)
		made.jobs[i] = add_job(made.world, made.pipeline, made.image);
	world_sql(made.world, "UPDATE image SET build = NULL; UPDATE build SET state = 'PENDING';");
	made.build = world_integer(made.world, "SELECT max(id) FROM build");
	snprintf(sql, sizeof sql, "UPDATE job SET build = %lld; UPDATE pipeline SET of_run = 1",
	    (long long)made.build);
	world_sql(made.world, sql);
	return made;
}

static int64_t
count_waiting(struct waiting *made)
{
	return world_integer(made->world, "SELECT count(*) FROM job WHERE build IS NOT NULL");
}

static void
succeed_build(struct waiting *made)
{
	must(build_succeed(&made->world->db, made->build, "FROM x", NULL, NULL, &made->world->err),
	    &made->world->err);
}

static void
fail_build(struct waiting *made)
{
	must(build_fail(&made->world->db, made->build, "FAILED", "exit 1", &made->world->err),
	    &made->world->err);
}

static void
test_success_queues_the_jobs_in_their_order(void **state)
{
	struct waiting made = begin(state);

	assert_int_equal(claim(made.world), 0);
	succeed_build(&made);
	assert_int_equal(count_waiting(&made), 0);
	assert_int_equal(claim(made.world), made.jobs[0]);
	assert_int_equal(claim(made.world), made.jobs[1]);
}

static void
test_failure_deletes_the_jobs_and_their_pipeline(void **state)
{
	struct waiting made = begin(state);

	fail_build(&made);
	assert_int_equal(world_integer(made.world, "SELECT count(*) FROM job WHERE NOT deleted"),
	    0);
	assert_int_equal(world_integer(made.world,
			     "SELECT count(*) FROM pipeline WHERE NOT deleted"),
	    0);
	fail_build(&made); /* once more changes nothing */
}

static void
test_failure_leaves_other_jobs_and_pipelines(void **state)
{
	struct waiting made = begin(state);

	world_sql(made.world, "UPDATE pipeline SET of_run = 0");
	must(jobwait_end(&made.world->db, made.jobs[0], JOB_KILLED, &made.world->err),
	    &made.world->err);
	fail_build(&made);
	assert_true(has_state(made.world, made.jobs[0], "ready"));
	assert_int_equal(world_integer(made.world, "SELECT count(*) FROM job WHERE NOT deleted"),
	    1);
	assert_int_equal(world_integer(made.world,
			     "SELECT count(*) FROM pipeline WHERE NOT deleted"),
	    1);
}

static void
test_failure_of_a_job_before_them_ends_their_waiting(void **state)
{
	struct waiting made = begin(state);
	int64_t built = world_image(made.world, made.alice.id);
	int64_t first = add_job(made.world, made.pipeline, built);
	struct job job;

	submit(made.world, made.pipeline);
	assert_int_equal(count_waiting(&made), 2); /* a submit leaves them */
	assert_int_equal(claim(made.world), first);
	end(made.world, first, 1);
	assert_int_equal(count_waiting(&made), 0);
	job = job_of(made.world, made.jobs[1]);
	assert_string_equal(job.state, "ready");
	assert_non_null(strstr(job.error, "of its pipeline failed"));
	job_clear(&job);
	succeed_build(&made);
	assert_int_equal(claim(made.world), 0);
}

static void
test_changes_of_waiting_are_told(void **state)
{
	struct waiting made = begin(state);
	int64_t before = world_integer(made.world, "SELECT max(changed) FROM job");

	must(jobwait_end(&made.world->db, made.jobs[0], JOB_KILLED, &made.world->err),
	    &made.world->err);
	assert_true(world_integer(made.world, "SELECT max(changed) FROM job") > before);
}

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_success_queues_the_jobs_in_their_order),
		test(test_failure_deletes_the_jobs_and_their_pipeline),
		test(test_failure_leaves_other_jobs_and_pipelines),
		test(test_failure_of_a_job_before_them_ends_their_waiting),
		test(test_changes_of_waiting_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
