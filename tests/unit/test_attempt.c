/*
 * Attempts of a job: their starts, ends and results.
 */
#include "jobsupport.h"

static void
test_each_start_counts_an_attempt_and_forgets_the_last(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id);
	int64_t pipeline = world_pipeline(world, alice.id, 1, "continue");
	int64_t id = add_job(world, pipeline, image);

	for (int attempt = 1; attempt <= 3; attempt++) {
		struct job job = job_of(world, id);
		char old[NAME_TEXT];

		assert_int_equal(job.attempt, attempt - 1);
		job_clear(&job);
		submit(world, pipeline);
		job = job_of(world, id);
		assert_true(strcmp(job.state, "in_queue") == 0 && job.queued_at > 0);
		assert_true(job.started_at == 0 && job.start_marked_at == 0 &&
		    job.finished_at == 0);
		assert_true(!job.has_response && job.error == NULL && !job.has_usage);
		assert_false(job_ended(&job));
		job_clear(&job);

		assert_int_equal(claim(world), id);
		job = job_of(world, id);
		assert_int_equal(job.attempt, attempt);
		assert_true(job.started_at >= job.queued_at && job.start_marked_at == 0);
		must(jobstate_mark(&world->db, &job, &world->err), &world->err);
		job.has_response = true;
		job.response = 137;
		job.error = strdup("killed");
		job.has_usage = true;
		job.used_cpu = 1.5;
		job.used_memory = 4096;
		job.has_io = attempt == 1; /* the kernel may not count it */
		job.used_io = 7;
		must(jobstate_end(&world->db, &job, old, &world->err), &world->err);
		job_clear(&job);

		job = job_of(world, id);
		assert_true(job_ended(&job) && strcmp(job.state, "failed") == 0);
		assert_true(job.has_response && job.response == 137 &&
		    strcmp(job.error, "killed") == 0);
		assert_true(job.has_usage && job.used_cpu == 1.5 && job.used_memory == 4096 &&
		    job.has_io == (attempt == 1) && job.used_io == (attempt == 1 ? 7 : 0));
		assert_true(job.start_marked_at >= job.started_at &&
		    job.finished_at >= job.started_at);
		job_clear(&job);
	}
}

static void
test_job_ends_done_only_with_response_0_and_no_error(void **state)
{
	static const struct {
		bool has_response;
		int64_t response;
		const char *error;
		const char *expected;
	} rows[] = {
		{ true, 0, NULL, "done" },
		{ true, 1, NULL, "failed" },
		{ true, 255, NULL, "failed" },
		{ true, 0, "over its disk limit", "failed" },
		{ false, 0, "the engine lost the container", "failed" },
		{ false, 0, NULL, "failed" },
	};
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id);
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t pipeline = world_pipeline(world, alice.id, 1, "continue");
		int64_t id = add_job(world, pipeline, image);
		char old[NAME_TEXT];
		struct job job;

		submit(world, pipeline);
		assert_int_equal(claim(world), id);
		job = job_of(world, id);
		job.has_response = rows[i].has_response;
		job.response = rows[i].response;
		job.error = rows[i].error != NULL ? strdup(rows[i].error) : NULL;
		must(jobstate_end(&world->db, &job, old, &world->err), &world->err);
		job_clear(&job);
		job = job_of(world, id);
		row_check(failed, strcmp(job.state, rows[i].expected) == 0, "row %zu: %s", i,
		    job.state);
		row_check(failed,
		    job.has_response == rows[i].has_response && job.response == rows[i].response,
		    "row %zu", i);
		row_check(failed, !job.has_usage, "row %zu", i);
		job_clear(&job);
	}
	rows_end(failed);
}

static void
test_attempt_ends_once(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id);
	int64_t pipeline = world_pipeline(world, alice.id, 1, "continue");
	int64_t id = add_job(world, pipeline, image);
	char old[NAME_TEXT];
	struct job first, second;

	submit(world, pipeline);
	assert_int_equal(claim(world), id);
	first = job_of(world, id);
	end(world, id, 0);
	assert_false(jobstate_end(&world->db, &first, old, &world->err));
	assert_int_equal(world->err.kind, ERROR_CONFLICT);
	submit(world, pipeline);
	assert_false(jobstate_end(&world->db, &first, old, &world->err)); /* in queue */
	assert_int_equal(claim(world), id);
	assert_false(jobstate_end(&world->db, &first, old, &world->err)); /* another attempt runs */
	second = job_of(world, id);
	assert_string_equal(second.state, "running");
	assert_int_equal(second.attempt, 2);
	job_clear(&first);
	job_clear(&second);
}

static void
test_mark_of_another_attempt_changes_nothing(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id);
	int64_t pipeline = world_pipeline(world, alice.id, 1, "continue");
	int64_t id = add_job(world, pipeline, image);
	struct job job;

	submit(world, pipeline);
	assert_int_equal(claim(world), id);
	job = job_of(world, id);
	job.attempt = 7;
	(void)jobstate_mark(&world->db, &job, &world->err);
	job_clear(&job);
	job = job_of(world, id);
	assert_int_equal(job.start_marked_at, 0);
	must(jobstate_mark(&world->db, &job, &world->err), &world->err);
	job_clear(&job);
	job = job_of(world, id);
	assert_true(job.start_marked_at > 0);
	job_clear(&job);
}

static void
test_mark_is_taken_back_of_this_attempt_only(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id);
	int64_t pipeline = world_pipeline(world, alice.id, 1, "continue");
	int64_t id = add_job(world, pipeline, image);
	struct job job;

	submit(world, pipeline);
	assert_int_equal(claim(world), id);
	job = job_of(world, id);
	must(jobstate_mark(&world->db, &job, &world->err), &world->err);
	job.attempt = 7;
	must(jobstate_unmark(&world->db, &job, &world->err), &world->err);
	job_clear(&job);
	job = job_of(world, id);
	assert_true(job.start_marked_at > 0);
	must(jobstate_unmark(&world->db, &job, &world->err), &world->err);
	assert_int_equal(job.start_marked_at, 0);
	job_clear(&job);
	job = job_of(world, id);
	assert_int_equal(job.start_marked_at, 0);
	job_clear(&job);
}

/* on_failure */

static void
test_failure_stops_what_waits_where_the_pipeline_says_so(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id);
	int64_t pipeline = world_pipeline(world, alice.id, 2, "stop"), jobs[5];
	int64_t other = world_pipeline(world, alice.id, 1, "stop"), apart;
	char words[64];

	for (size_t i = 0; i < COUNT(jobs); i++)
		jobs[i] = add_job(world, pipeline, image);
	apart = add_job(world, other, image);
	submit(world, pipeline);
	second_passes(world);
	submit(world, other);
	assert_int_equal(claim(world), jobs[0]);
	assert_int_equal(claim(world), jobs[1]);
	end(world, jobs[0], 3);
	assert_true(has_state(world, jobs[0], "failed"));
	assert_true(has_state(world, jobs[1], "running"));
	snprintf(words, sizeof words, "job %lld of its pipeline failed", (long long)jobs[0]);
	for (size_t i = 2; i < COUNT(jobs); i++) {
		struct job job = job_of(world, jobs[i]);

		assert_string_equal(job.state, "ready");
		assert_int_equal(job.queued_at, 0);
		assert_int_equal(job.attempt, 0);
		assert_non_null(strstr(job.error, words));
		job_clear(&job);
	}
	assert_int_equal(claim(world), apart);
	assert_int_equal(claim(world), 0);
	end(world, jobs[1], 0);
	assert_int_equal(claim(world), 0);
	/* The next submit runs all of it, and the words are gone. */
	submit(world, pipeline);
	for (size_t i = 0; i < COUNT(jobs); i++) {
		struct job job = job_of(world, jobs[i]);

		assert_string_equal(job.state, "in_queue");
		assert_null(job.error);
		job_clear(&job);
	}
	assert_int_equal(claim(world), jobs[0]);
}

static void
test_success_stops_nothing(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id);
	int64_t pipeline = world_pipeline(world, alice.id, 1, "stop");
	int64_t first = add_job(world, pipeline, image), second = add_job(world, pipeline, image);

	submit(world, pipeline);
	assert_int_equal(claim(world), first);
	end(world, first, 0);
	assert_int_equal(claim(world), second);
}

/* Results */

static void
test_results_of_the_last_attempt_replace_the_former_ones(void **state)
{
	static const char *const tokens[] = { "aaaa", "bbbb", "", "cccc" };
	static const char *const former[] = { "", "aaaa", "bbbb", "" };
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id);
	int64_t pipeline = world_pipeline(world, alice.id, 1, "continue");
	int64_t id = add_job(world, pipeline, image);
	int failed = 0;

	for (size_t i = 0; i < COUNT(tokens); i++) {
		char old[NAME_TEXT] = "?";
		bool has_new = false, has_old = true;
		struct job job;

		submit(world, pipeline);
		assert_int_equal(claim(world), id);
		job = job_of(world, id);
		row_check(failed, strcmp(job.results_token, former[i]) == 0,
		    "kept until its end: %s", job.results_token);
		job.has_response = true;
		strcpy(job.results_token, tokens[i]);
		must(jobstate_end(&world->db, &job, old, &world->err), &world->err);
		job_clear(&job);
		row_check(failed, strcmp(old, former[i]) == 0, "'%s' instead of '%s'", old,
		    former[i]);
		job = job_of(world, id);
		row_check(failed, strcmp(job.results_token, tokens[i]) == 0, "'%s'",
		    job.results_token);
		job_clear(&job);
		must(job_has_results_token(&world->db, tokens[i], &has_new, &world->err),
		    &world->err);
		must(job_has_results_token(&world->db, former[i], &has_old, &world->err),
		    &world->err);
		row_check(failed, has_new == (tokens[i][0] != '\0') && !has_old, "'%s', '%s'",
		    tokens[i], former[i]);
	}
	rows_end(failed);
}

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_each_start_counts_an_attempt_and_forgets_the_last),
		test(test_job_ends_done_only_with_response_0_and_no_error),
		test(test_attempt_ends_once),
		test(test_mark_of_another_attempt_changes_nothing),
		test(test_mark_is_taken_back_of_this_attempt_only),
		test(test_failure_stops_what_waits_where_the_pipeline_says_so),
		test(test_success_stops_nothing),
		test(test_results_of_the_last_attempt_replace_the_former_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
