/*
 * A job's states, and who is next. What happens at random is held against a plain model in memory.
 */
#include "staging.h"
#include "submission.h"
#include "support.h"

#include <grp.h>

#include "job.h"
#include "jobstate.h"
#include "queue.h"

#define QUEUED_MOST 1000000

static const struct account root = { .id = 0, .login = "root", .admin = true };

/* Adds a job to a pipeline, as its owner. */
static int64_t
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

static void
submit(struct world *world, int64_t pipeline)
{
	must(submission_submit(&world->db, &root, pipeline,
		 &(struct config){ .queued_max = QUEUED_MOST }, NULL, NULL, &world->err),
	    &world->err);
}

/* Claims the next job: its id, 0 for none. */
static int64_t
claim(struct world *world)
{
	struct job job;
	int64_t id;

	must(jobstate_claim(&world->db, 0, 100, &job, &world->err), &world->err);
	id = job.id;
	job_clear(&job);
	return id;
}

static struct job
job_of(struct world *world, int64_t id)
{
	struct job job;

	must(job_read(&world->db, id, &job, &world->err), &world->err);
	assert_int_equal(job.id, id);
	return job;
}

static bool
has_state(struct world *world, int64_t id, const char *state)
{
	struct job job = job_of(world, id);
	bool same = strcmp(job.state, state) == 0;

	if (!same)
		print_error("job %lld is %s, not %s\n", (long long)id, job.state, state);
	job_clear(&job);
	return same;
}

static void
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
static void
second_passes(struct world *world)
{
	world_sql(world,
	    "UPDATE job SET queued_at = queued_at - 1000 WHERE queued_at IS NOT NULL;"
	    "UPDATE queue SET waiting_since = waiting_since - 1000;"
	    "UPDATE account SET served_at = served_at - 1000 WHERE served_at <> 0");
}

/* Order */

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

/* Attempts */

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

/* Submitting */

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

/* Whose it is */

static void
test_what_is_anothers_is_not_found(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice"),
			     bob = world_account(world, "bob");
	int64_t image = world_image(world, alice.id), of_bob = world_image(world, bob.id);
	int64_t pipeline = world_pipeline(world, alice.id, 1, "continue");
	int64_t second = world_pipeline(world, alice.id, 1, "continue");
	int64_t bobs = world_pipeline(world, bob.id, 1, "continue");
	int64_t id = add_job(world, pipeline, image);
	const struct attachments none = { 0 };
	struct job job = { .pipeline = pipeline,
		.image = of_bob,
		.network = strdup("none"),
		.stderr = strdup(JOBOPTION_SEPARATE) };
	struct job other = { .pipeline = pipeline,
		.image = of_bob,
		.network = strdup("none"),
		.stderr = strdup(JOBOPTION_SEPARATE) };
	struct job found;

	assert_false(job_find(&world->db, &bob, 0, id, &found, &world->err));
	assert_int_equal(world->err.kind, ERROR_NOT_FOUND);
	assert_false(job_find(&world->db, &alice, second, id, &found, &world->err));
	must(job_find(&world->db, &alice, pipeline, id, &found, &world->err), &world->err);
	job_clear(&found);
	must(job_find(&world->db, &root, 0, id, &found, &world->err), &world->err);
	job_clear(&found);
	assert_false(submission_submit(&world->db, &bob, pipeline,
	    &(struct config){ .queued_max = QUEUED_MOST }, NULL, NULL, &world->err));
	assert_int_equal(world->err.kind, ERROR_NOT_FOUND);
	assert_false(pipeline_show(&world->db, &bob, pipeline, NULL, NULL, &world->err));
	assert_int_equal(world->err.kind, ERROR_NOT_FOUND);
	/* A job in another's pipeline, and one from another's image. */
	assert_false(job_create(&world->db, NULL, &bob, &job, &none, NULL, 0, &world->err));
	assert_string_equal(world->err.text, "Pipeline not found");
	other.pipeline = bobs;
	other.image = image;
	assert_false(job_create(&world->db, NULL, &bob, &other, &none, NULL, 0, &world->err));
	assert_string_equal(world->err.text, "Image not found");
	world_sql(world, "UPDATE image SET build = NULL");
	other.image = of_bob;
	assert_false(job_create(&world->db, NULL, &bob, &other, &none, NULL, 0, &world->err));
	assert_string_equal(world->err.text, "Image not found");
	assert_int_equal(world_integer(world, "SELECT count(*) FROM job"), 1);
	job_clear(&job);
	job_clear(&other);
}

/* Attachments */

static void
test_jobs_attachments_move_into_its_inbox(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	struct group *group = getgrgid(getgid());
	const struct config config = { .state_dir = world->folder->path,
		.web_server_group = group->gr_name };
	struct attachments files = { 0 }, read = { 0 };
	struct job job = { .image = world_image(world, alice.id),
		.network = strdup("none"),
		.stderr = strdup(JOBOPTION_SEPARATE) };
	struct staging staging = { .fd = -1 };
	char path[NAME_TEXT + 8];
	struct spool spool;
	bool has = false;

	job.pipeline = world_pipeline(world, alice.id, 1, "continue");
	must(spool_open(&spool, &config, true, &world->err), &world->err);
	must(staging_open(&staging, &spool, &world->err), &world->err);
	assert_int_equal(mkdirat(staging.fd, "inbox", 0755), 0);
	file_put(staging.fd, "inbox/b.csv", "1,2\n", 4);
	must(attachment_add(&files, "b.csv", 4, &world->err), &world->err);
	must(attachment_add(&files, "a.csv", 0, &world->err), &world->err);
	must(job_create(&world->db, &spool, &alice, &job, &files, &staging, 0, &world->err),
	    &world->err);
	snprintf(path, sizeof path, "%s/b.csv", job.attachment_token);
	assert_true(file_exists(spool.inbox, path));
	assert_false(file_exists(staging.fd, "inbox"));
	must(job_has_attachment_token(&world->db, job.attachment_token, &has, &world->err),
	    &world->err);
	assert_true(has);
	must(attachment_list(&world->db, job.id, &read, &world->err), &world->err);
	assert_int_equal(read.count, 2);
	assert_string_equal(read.items[0].name, "a.csv");
	assert_string_equal(read.items[1].name, "b.csv");
	assert_int_equal(read.items[1].size, 4);
	attachment_clear(&read);
	attachment_clear(&files);
	job_clear(&job);
	staging_discard(&staging, &spool);
	spool_close(&spool);
}

/* The model: what has happened, in plain arrays. */

#define MODEL_ACCOUNTS  3
#define MODEL_PIPELINES 6
#define MODEL_JOBS      60
#define MODEL_STEPS     1500

enum model_state { READY, IN_QUEUE, RUNNING, DONE, FAILED };
static const char *const model_states[] = { "ready", "in_queue", "running", "done", "failed" };

struct model {
	int64_t accounts[MODEL_ACCOUNTS], images[MODEL_ACCOUNTS];
	struct {
		int64_t id;
		int account; /* index */
		int max_parallel;
		bool stop;
	} pipelines[MODEL_PIPELINES];
	struct {
		int64_t id;
		int pipeline; /* index */
		enum model_state state;
		int attempt;
	} jobs[MODEL_JOBS];
	int count; /* of jobs */
	uint64_t seed;
};

static void
model_begin(struct model *model, struct world *world)
{
	for (int i = 0; i < MODEL_ACCOUNTS; i++) {
		const char login[] = { (char)('a' + i), '\0' };

		model->accounts[i] = world_account(world, login).id;
		model->images[i] = world_image(world, model->accounts[i]);
	}
	for (int i = 0; i < MODEL_PIPELINES; i++) {
		model->pipelines[i].account = i % MODEL_ACCOUNTS;
		model->pipelines[i].max_parallel = 1 + i % 3;
		model->pipelines[i].stop = i >= MODEL_PIPELINES / 2;
		model->pipelines[i].id = world_pipeline(world, model->accounts[i % MODEL_ACCOUNTS],
		    1 + i % 3, i >= MODEL_PIPELINES / 2 ? "stop" : "continue");
	}
}

static int
model_jobs(const struct model *model, int pipeline, enum model_state state)
{
	int count = 0;

	for (int i = 0; i < model->count; i++)
		count += model->jobs[i].pipeline == pipeline && model->jobs[i].state == state;
	return count;
}

static bool
model_may_start(const struct model *model, int pipeline)
{
	return model_jobs(model, pipeline, IN_QUEUE) > 0 &&
	    model_jobs(model, pipeline, RUNNING) < model->pipelines[pipeline].max_parallel;
}

static int
model_running(const struct model *model, int account)
{
	int count = 0;

	for (int i = 0; i < model->count; i++)
		count += model->pipelines[model->jobs[i].pipeline].account == account &&
		    model->jobs[i].state == RUNNING;
	return count;
}

/* The first job in queue of the pipeline, whose id is in jobs' order. */
static int
model_head(const struct model *model, int pipeline)
{
	for (int i = 0; i < model->count; i++)
		if (model->jobs[i].pipeline == pipeline && model->jobs[i].state == IN_QUEUE)
			return i;
	return -1;
}

static void
model_claim(struct model *model, struct world *world)
{
	int64_t id = claim(world);
	int fewest = INT32_MAX, i = 0;

	for (int p = 0; p < MODEL_PIPELINES; p++)
		if (model_may_start(model, p) &&
		    model_running(model, model->pipelines[p].account) < fewest)
			fewest = model_running(model, model->pipelines[p].account);
	assert_int_equal(id == 0, fewest == INT32_MAX);
	if (id == 0)
		return;
	while (i < model->count && model->jobs[i].id != id)
		i++;
	assert_true(i < model->count);
	assert_true(model_may_start(model, model->jobs[i].pipeline));
	assert_int_equal(model_head(model, model->jobs[i].pipeline), i);
	assert_int_equal(model_running(model, model->pipelines[model->jobs[i].pipeline].account),
	    fewest);
	model->jobs[i].state = RUNNING;
	model->jobs[i].attempt++;
}

static void
model_submit(struct model *model, struct world *world, int pipeline)
{
	submit(world, model->pipelines[pipeline].id);
	for (int i = 0; i < model->count; i++)
		if (model->jobs[i].pipeline == pipeline && model->jobs[i].state != RUNNING)
			model->jobs[i].state = IN_QUEUE;
}

static void
model_end(struct model *model, struct world *world, bool fails)
{
	int pick = (int)chance(&model->seed, MODEL_JOBS), tries = 0;

	while (tries < model->count && model->jobs[pick % model->count].state != RUNNING) {
		pick++;
		tries++;
	}
	if (tries == model->count)
		return;
	pick %= model->count;
	end(world, model->jobs[pick].id, fails);
	model->jobs[pick].state = fails ? FAILED : DONE;
	if (fails && model->pipelines[model->jobs[pick].pipeline].stop)
		for (int i = 0; i < model->count; i++)
			if (model->jobs[i].pipeline == model->jobs[pick].pipeline &&
			    model->jobs[i].state == IN_QUEUE)
				model->jobs[i].state = READY;
}

static void
model_add(struct model *model, struct world *world, int pipeline)
{
	int i = model->count;

	if (i == MODEL_JOBS)
		return;
	model->jobs[i].pipeline = pipeline;
	model->jobs[i].state = READY;
	model->jobs[i].id = add_job(world, model->pipelines[pipeline].id,
	    model->images[model->pipelines[pipeline].account]);
	model->count++;
}

static void
model_compare(const struct model *model, struct world *world, int step)
{
	int rows = 0;

	for (int i = 0; i < model->count; i++) {
		struct job job = job_of(world, model->jobs[i].id);

		if (strcmp(job.state, model_states[model->jobs[i].state]) != 0 ||
		    job.attempt != model->jobs[i].attempt)
			fail_msg("step %d: job %lld is %s (attempt %lld), not %s (%d)", step,
			    (long long)job.id, job.state, (long long)job.attempt,
			    model_states[model->jobs[i].state], model->jobs[i].attempt);
		job_clear(&job);
	}
	/* The queue table says of each pipeline what can be computed from the others. */
	for (int p = 0; p < MODEL_PIPELINES; p++)
		rows += model_may_start(model, p);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM queue"), rows);
	assert_int_equal(
	    world_integer(world,
		"SELECT count(*) FROM queue JOIN pipeline ON pipeline.id = queue.pipeline"
		" AND pipeline.account = queue.account"
		" WHERE waiting_since = (SELECT queued_at FROM job WHERE job.pipeline = queue.pipeline"
		"  AND state = 'in_queue' ORDER BY position LIMIT 1)"
		" AND max_parallel > (SELECT count(*) FROM job WHERE job.pipeline = queue.pipeline"
		"  AND state = 'running')"),
	    rows);
}

static void
test_random_sequences_agree_with_a_plain_model(void **state)
{
	struct world *world = *state;
	struct model model = { .seed = 20261124 };

	model_begin(&model, world);
	for (int step = 0; step < MODEL_STEPS; step++) {
		int pipeline = (int)chance(&model.seed, MODEL_PIPELINES);

		switch (chance(&model.seed, 10)) {
		case 0:
			model_add(&model, world, pipeline);
			break;
		case 1:
			model_submit(&model, world, pipeline);
			break;
		case 2:
		case 3:
		case 4:
			if (model.count > 0)
				model_end(&model, world, chance(&model.seed, 4) == 0);
			break;
		case 5:
			second_passes(world);
			break;
		default:
			model_claim(&model, world);
		}
		model_compare(&model, world, step);
	}
	assert_int_equal(model.count, MODEL_JOBS);
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
		test(test_each_start_counts_an_attempt_and_forgets_the_last),
		test(test_job_ends_done_only_with_response_0_and_no_error),
		test(test_attempt_ends_once),
		test(test_mark_of_another_attempt_changes_nothing),
		test(test_mark_is_taken_back_of_this_attempt_only),
		test(test_failure_stops_what_waits_where_the_pipeline_says_so),
		test(test_success_stops_nothing),
		test(test_results_of_the_last_attempt_replace_the_former_ones),
		test(test_second_submit_leaves_what_waits_or_runs_as_it_is),
		test(test_submit_over_queued_max_is_refused_and_changes_nothing),
		test(test_submit_of_an_empty_pipeline_queues_nothing),
		test(test_what_is_anothers_is_not_found),
		test(test_jobs_attachments_move_into_its_inbox),
		test(test_random_sequences_agree_with_a_plain_model),
		test(test_place_tells_position_and_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
