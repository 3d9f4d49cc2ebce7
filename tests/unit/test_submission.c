/*
 * Submitting a pipeline.
 */
#include "jobsupport.h"

static void
test_second_submit_leaves_what_waits_or_runs_as_it_is(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id);
	int64_t pipeline = world_pipeline(world, alice.id, 2, "continue"), jobs[4], before;

	for (size_t i = 0; i < 3; i++)
		jobs[i] = add_job(world, pipeline, image);
	submit(world, pipeline);
	assert_int_equal(claim(world), jobs[0]);
	assert_int_equal(claim(world), jobs[1]);
	end(world, jobs[0], 0);
	second_passes(world);
	jobs[3] = add_job(world, pipeline, image);
	before = world_integer(world, "SELECT queued_at FROM job WHERE state = 'in_queue'");
	submit(world, pipeline);
	assert_true(has_state(world, jobs[0], "in_queue"));
	assert_true(has_state(world, jobs[1], "running"));
	assert_true(has_state(world, jobs[2], "in_queue"));
	assert_true(has_state(world, jobs[3], "in_queue"));
	assert_int_equal(world_integer(world,
			     "SELECT min(queued_at) FROM job WHERE state = 'in_queue'"),
	    before);
	assert_int_equal(world_integer(world,
			     "SELECT count(DISTINCT queued_at) FROM job WHERE state = 'in_queue'"),
	    2);
	assert_int_equal(claim(world), jobs[0]); /* its place in the pipeline is the first */
}

static void
test_submit_over_queued_max_is_refused_and_changes_nothing(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice"),
			     bob = world_account(world, "bob");
	int64_t image = world_image(world, alice.id), of_bob = world_image(world, bob.id);
	int64_t first = world_pipeline(world, alice.id, 1, "continue");
	int64_t second = world_pipeline(world, alice.id, 1, "continue");
	int64_t bobs = world_pipeline(world, bob.id, 1, "continue");

	for (int i = 0; i < 3; i++) {
		(void)add_job(world, first, image);
		(void)add_job(world, second, image);
		(void)add_job(world, bobs, of_bob);
	}
	must(submission_submit(&world->db, &alice, first, &(struct config){ .queued_max = 5 }, NULL,
		 NULL, &world->err),
	    &world->err);
	assert_false(submission_submit(&world->db, &alice, second,
	    &(struct config){ .queued_max = 5 }, NULL, NULL, &world->err));
	assert_int_equal(world->err.kind, ERROR_TOO_MANY);
	assert_true(world->err.retry_after_s > 0);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM job WHERE state = 'in_queue'"),
	    3);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM queue"), 1);
	must(submission_submit(&world->db, &bob, bobs, &(struct config){ .queued_max = 3 }, NULL,
		 NULL, &world->err),
	    &world->err);
	must(submission_submit(&world->db, &alice, second, &(struct config){ .queued_max = 6 },
		 NULL, NULL, &world->err),
	    &world->err);
}

static void
test_submit_of_an_empty_pipeline_queues_nothing(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t pipeline = world_pipeline(world, alice.id, 1, "continue");

	submit(world, pipeline);
	assert_int_equal(claim(world), 0);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM queue"), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_second_submit_leaves_what_waits_or_runs_as_it_is),
		test(test_submit_over_queued_max_is_refused_and_changes_nothing),
		test(test_submit_of_an_empty_pipeline_queues_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
