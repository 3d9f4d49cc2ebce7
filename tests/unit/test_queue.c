/*
 * Which job is next, and why others wait.
 */
#include "jobsupport.h"

#include "queue.h"

static void
test_jobs_of_a_pipeline_start_in_their_order(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id);
	int64_t pipeline = world_pipeline(world, alice.id, 1, "continue"), jobs[5];

	for (size_t i = 0; i < COUNT(jobs); i++)
		jobs[i] = add_job(world, pipeline, image);
	assert_int_equal(claim(world), 0);
	submit(world, pipeline);
	for (size_t i = 0; i < COUNT(jobs); i++) {
		assert_int_equal(claim(world), jobs[i]);
		assert_true(has_state(world, jobs[i], "running"));
		assert_int_equal(claim(world), 0); /* max_parallel is 1 */
		end(world, jobs[i], i % 2); /* a failure stops nothing: on_failure is continue */
	}
	assert_int_equal(claim(world), 0);
	assert_true(has_state(world, jobs[0], "done"));
	assert_true(has_state(world, jobs[1], "failed"));
}

static void
test_rearranged_jobs_start_in_their_new_order(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id);
	int64_t pipeline = world_pipeline(world, alice.id, 3, "continue"), jobs[3];

	for (size_t i = 0; i < COUNT(jobs); i++)
		jobs[i] = add_job(world, pipeline, image);
	world_sql(world, "UPDATE job SET position = 10 - position");
	submit(world, pipeline);
	for (size_t i = COUNT(jobs); i-- > 0;)
		assert_int_equal(claim(world), jobs[i]);
}

static void
test_at_most_max_parallel_of_a_pipeline_run(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id);
	int64_t pipeline = world_pipeline(world, alice.id, 3, "continue"), jobs[6];

	for (size_t i = 0; i < COUNT(jobs); i++)
		jobs[i] = add_job(world, pipeline, image);
	submit(world, pipeline);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(claim(world), jobs[i]);
	assert_int_equal(claim(world), 0);
	end(world, jobs[1], 0);
	assert_int_equal(claim(world), jobs[3]);
	assert_int_equal(claim(world), 0);
	end(world, jobs[0], 0);
	end(world, jobs[2], 0);
	assert_int_equal(claim(world), jobs[4]);
	assert_int_equal(claim(world), jobs[5]);
	assert_int_equal(claim(world), 0);
}

static void
test_account_with_the_fewest_running_jobs_is_next(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice"),
			     bob = world_account(world, "bob");
	int64_t of_alice = world_image(world, alice.id), of_bob = world_image(world, bob.id);
	int64_t many = world_pipeline(world, alice.id, 100, "continue");
	int64_t few = world_pipeline(world, bob.id, 100, "continue");
	int64_t first, mine[2];

	first = add_job(world, many, of_alice);
	for (int i = 0; i < 20; i++)
		(void)add_job(world, many, of_alice);
	submit(world, many);
	assert_int_equal(claim(world), first);
	assert_int_equal(claim(world), first + 1);
	second_passes(world);
	mine[0] = add_job(world, few, of_bob);
	mine[1] = add_job(world, few, of_bob);
	submit(world, few);
	/* Bob came last and has none that run: both of his are next, in spite of the hundred before
	 * them. */
	assert_int_equal(claim(world), mine[0]);
	assert_int_equal(claim(world), mine[1]);
	assert_int_equal(claim(world), first + 2);
}

static void
test_with_one_slot_accounts_take_turns(void **state)
{
	struct world *world = *state;
	int64_t accounts[3], jobs = 0, served[3] = { 0 };

	for (size_t i = 0; i < COUNT(accounts); i++) {
		static const char *const logins[] = { "alice", "bob", "carol" };
		static const int counts[] = { 30, 10, 3 };
		int64_t image, pipeline;

		accounts[i] = world_account(world, logins[i]).id;
		image = world_image(world, accounts[i]);
		pipeline = world_pipeline(world, accounts[i], 1, "continue");
		for (int n = 0; n < counts[i]; n++)
			(void)add_job(world, pipeline, image);
		submit(world, pipeline);
		second_passes(world);
		jobs += counts[i];
	}
	for (int turn = 0; turn < jobs; turn++) {
		int64_t id = claim(world);
		struct job job = job_of(world, id);

		for (size_t i = 0; i < COUNT(accounts); i++)
			served[i] += job.account == accounts[i];
		if (turn < 9)
			assert_int_equal(job.account, accounts[turn % 3]);
		else if (turn < 9 + 14)
			assert_int_equal(job.account, accounts[(turn - 9) % 2]);
		job_clear(&job);
		end(world, id, 0);
		second_passes(world);
	}
	assert_int_equal(served[0], 30);
	assert_int_equal(served[1], 10);
	assert_int_equal(served[2], 3);
	assert_int_equal(claim(world), 0);
}

static void
test_pipeline_whose_head_waited_longest_is_next_of_an_account(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id), pipelines[3], jobs[3];
	static const size_t order[] = { 2, 0, 1 };

	for (size_t i = 0; i < COUNT(pipelines); i++) {
		pipelines[i] = world_pipeline(world, alice.id, 1, "continue");
		jobs[i] = add_job(world, pipelines[i], image);
	}
	for (size_t i = 0; i < COUNT(order); i++) {
		submit(world, pipelines[order[i]]);
		second_passes(world);
	}
	for (size_t i = 0; i < COUNT(order); i++)
		assert_int_equal(claim(world), jobs[order[i]]);
}

static void
test_account_waits_as_long_as_its_longest_waiting_pipeline(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice"),
			     bob = world_account(world, "bob");
	int64_t of_alice = world_image(world, alice.id), of_bob = world_image(world, bob.id);
	int64_t first = world_pipeline(world, alice.id, 1, "continue");
	int64_t bobs = world_pipeline(world, bob.id, 1, "continue");
	int64_t last = world_pipeline(world, alice.id, 1, "continue"), job;

	job = add_job(world, first, of_alice);
	(void)add_job(world, bobs, of_bob);
	(void)add_job(world, last, of_alice);
	submit(world, first);
	second_passes(world);
	submit(world, bobs);
	second_passes(world);
	submit(world, last);
	assert_int_equal(claim(world), job);
}

/* Why it waits */

static bool
place_of(struct world *world, int64_t id, const struct config *config, struct queue_place *place,
    struct error *err)
{
	struct queue_mark marks[QUEUE_MARKS] = { 0 };
	struct job job;
	bool done;

	must(job_read(&world->db, id, &job, err), err);
	done = queue_place(&world->db, &job, marks, config, place, err);
	job_clear(&job);
	return done;
}

static void
test_place_tells_position_and_reason(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id);
	int64_t pipeline = world_pipeline(world, alice.id, 1, "continue"), jobs[3];
	const struct config config = { .slots = 4, .running_max = 4 };
	struct queue_place place;

	for (size_t i = 0; i < COUNT(jobs); i++)
		jobs[i] = add_job(world, pipeline, image);
	submit(world, pipeline);
	must(place_of(world, jobs[0], &config, &place, &world->err), &world->err);
	assert_int_equal(place.position, 1);
	assert_string_equal(place.reason, "all 4 slots are taken");
	assert_int_equal(place.eta_s, -1);
	must(place_of(world, jobs[2], &config, &place, &world->err), &world->err);
	assert_int_equal(place.position, 3);
	assert_string_equal(place.reason, "2 jobs before it in its pipeline");
	assert_int_equal(claim(world), jobs[0]);
	must(place_of(world, jobs[1], &config, &place, &world->err), &world->err);
	assert_int_equal(place.position, 1);
	assert_string_equal(place.reason,
	    "1 of its pipeline's jobs runs; max_parallel allows no more");
	end(world, jobs[0], 0);
	world_sql(world, "UPDATE job SET started_at = finished_at - 10000 WHERE state = 'done'");
	assert_int_equal(claim(world), jobs[1]);
	must(place_of(world, jobs[2], &config, &place, &world->err), &world->err);
	assert_int_equal(place.eta_s, 10);
}

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_jobs_of_a_pipeline_start_in_their_order),
		test(test_rearranged_jobs_start_in_their_new_order),
		test(test_at_most_max_parallel_of_a_pipeline_run),
		test(test_account_with_the_fewest_running_jobs_is_next),
		test(test_with_one_slot_accounts_take_turns),
		test(test_pipeline_whose_head_waited_longest_is_next_of_an_account),
		test(test_account_waits_as_long_as_its_longest_waiting_pipeline),
		test(test_place_tells_position_and_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
