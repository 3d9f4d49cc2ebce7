/*
 * Ends that are asked for, other tries, and deletion: what each leaves in the rows.
 */
#include "clock.h"
#include "support.h"

#include "job.h"
#include "jobstate.h"
#include "pipeline.h"
#include "submission.h"
#include "queue.h"

struct jobs {
	struct world *world;
	struct account alice;
	int64_t pipeline;
	int64_t image;
};

static struct jobs
begin(void **state, int64_t max_parallel)
{
	struct jobs jobs = { .world = *state };

	jobs.alice = world_account(jobs.world, "alice");
	jobs.image = world_image(jobs.world, jobs.alice.id);
	jobs.pipeline = world_pipeline(jobs.world, jobs.alice.id, max_parallel, "continue");
	return jobs;
}

static int64_t
add(struct jobs *jobs, int64_t retries)
{
	char sql[512];

	snprintf(sql, sizeof sql,
	    "INSERT INTO job (pipeline, account, image, position, network, timeout, grace, memory, cpus,"
	    " pids, disk, retries, attachment_token, created_at) VALUES (%lld, %lld, %lld,"
	    " (SELECT count(*) FROM job), 'none', 1, 1, 1, 1, 1, 1, %lld, hex(randomblob(16)), 1)",
	    (long long)jobs->pipeline, (long long)jobs->alice.id, (long long)jobs->image,
	    (long long)retries);
	world_sql(jobs->world, sql);
	return sqlite3_last_insert_rowid(jobs->world->db.handle);
}

static void
submit(struct jobs *jobs)
{
	must(submission_submit(&jobs->world->db, &jobs->alice, jobs->pipeline,
		 &(struct config){ .queued_max = 100 }, NULL, NULL, &jobs->world->err),
	    &jobs->world->err);
}

/* The id of the job that is claimed; 0: none may run. */
static int64_t
claim(struct jobs *jobs)
{
	struct job job;
	int64_t id;

	must(jobstate_claim(&jobs->world->db, 0, 100, &job, &jobs->world->err), &jobs->world->err);
	id = job.id;
	job_clear(&job);
	return id;
}

/* Ends the attempt at hand with that response; gives how long it waits for the next try, in ms. */
static int64_t
end(struct jobs *jobs, int64_t id, int64_t response)
{
	struct job job;
	char old[NAME_TEXT];
	int64_t wait;

	must(job_read(&jobs->world->db, id, &job, &jobs->world->err), &jobs->world->err);
	job.has_response = true;
	job.response = response;
	must(jobstate_end(&jobs->world->db, &job, old, &jobs->world->err), &jobs->world->err);
	wait = job.retry_at == 0 ? 0 : job.retry_at - clock_now_ms();
	job_clear(&job);
	return wait;
}

static void
let_time_pass(struct jobs *jobs)
{
	world_sql(jobs->world, "UPDATE job SET retry_at = 1 WHERE retry_at IS NOT NULL");
	must(jobstate_retry_due(&jobs->world->db, &jobs->world->err), &jobs->world->err);
}

static void
check_state(struct jobs *jobs, int64_t id, const char *expected)
{
	struct job job;

	must(job_read(&jobs->world->db, id, &job, &jobs->world->err), &jobs->world->err);
	assert_string_equal(job.state, expected);
	job_clear(&job);
}

static void
test_failed_job_runs_again_as_often_as_it_has_retries(void **state)
{
	struct jobs jobs = begin(state, 1);
	int64_t id = add(&jobs, 2);

	submit(&jobs);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(claim(&jobs), id);
		assert_in_range(end(&jobs, id, 1), (1000 << i) - 500, 1000 << i);
		check_state(&jobs, id, "in_queue");
		assert_int_equal(claim(&jobs), 0); /* its time has not come */
		let_time_pass(&jobs);
	}
	assert_int_equal(claim(&jobs), id);
	assert_int_equal(end(&jobs, id, 1), 0);
	check_state(&jobs, id, "failed");
	submit(&jobs); /* and has all of them again after another submit */
	assert_int_equal(claim(&jobs), id);
	assert_true(end(&jobs, id, 1) > 0);
}

static void
test_job_that_succeeds_at_a_retry_is_done(void **state)
{
	struct jobs jobs = begin(state, 1);
	int64_t id = add(&jobs, 5);

	submit(&jobs);
	assert_int_equal(claim(&jobs), id);
	assert_true(end(&jobs, id, 1) > 0);
	let_time_pass(&jobs);
	assert_int_equal(claim(&jobs), id);
	assert_int_equal(end(&jobs, id, 0), 0);
	check_state(&jobs, id, "done");
}

static void
test_job_that_waits_for_its_retry_keeps_its_place(void **state)
{
	struct jobs jobs = begin(state, 1);
	int64_t first = add(&jobs, 1), second = add(&jobs, 0);

	submit(&jobs);
	assert_int_equal(claim(&jobs), first);
	assert_true(end(&jobs, first, 1) > 0);
	assert_int_equal(claim(&jobs), 0);
	let_time_pass(&jobs);
	assert_int_equal(claim(&jobs), first);
	assert_int_equal(end(&jobs, first, 1), 0);
	assert_int_equal(claim(&jobs), second);
}

static void
test_job_that_waits_for_its_retry_takes_one_place_only(void **state)
{
	struct jobs jobs = begin(state, 2);
	int64_t first = add(&jobs, 1), second = add(&jobs, 0), third = add(&jobs, 0);

	submit(&jobs);
	assert_int_equal(claim(&jobs), first);
	assert_true(end(&jobs, first, 1) > 0);
	assert_int_equal(claim(&jobs), second);
	assert_int_equal(claim(&jobs), 0);
	assert_int_equal(end(&jobs, second, 0), 0);
	assert_int_equal(claim(&jobs), third);
}

static void
test_killed_job_is_not_retried(void **state)
{
	struct jobs jobs = begin(state, 1);
	int64_t id = add(&jobs, 5);
	bool cancelled = false;

	submit(&jobs);
	assert_int_equal(claim(&jobs), id);
	must(jobstate_kill(&jobs.world->db, &jobs.alice, jobs.pipeline, id, &jobs.world->err),
	    &jobs.world->err);
	must(jobstate_is_cancelled(&jobs.world->db, id, &cancelled, &jobs.world->err),
	    &jobs.world->err);
	assert_true(cancelled);
	check_state(&jobs, id, "running"); /* until it is over */
	assert_int_equal(end(&jobs, id, 143), 0);
	check_state(&jobs, id, "failed");
	submit(&jobs);
	must(jobstate_is_cancelled(&jobs.world->db, id, &cancelled, &jobs.world->err),
	    &jobs.world->err);
	assert_false(cancelled);
}

static void
test_kill_ends_the_wait_for_a_retry(void **state)
{
	struct jobs jobs = begin(state, 1);
	int64_t first = add(&jobs, 5), second = add(&jobs, 0);

	submit(&jobs);
	assert_int_equal(claim(&jobs), first);
	assert_true(end(&jobs, first, 1) > 0);
	must(jobstate_kill(&jobs.world->db, &jobs.alice, jobs.pipeline, first, &jobs.world->err),
	    &jobs.world->err);
	check_state(&jobs, first, "failed");
	assert_int_equal(claim(&jobs), second);
}

static void
test_kill_in_the_wait_for_a_retry_stops_a_pipeline_that_says_so(void **state)
{
	struct jobs jobs = begin(state, 1);
	int64_t first = add(&jobs, 5), second = add(&jobs, 0);

	world_sql(jobs.world, "UPDATE pipeline SET on_failure = 'stop'");
	submit(&jobs);
	assert_int_equal(claim(&jobs), first);
	assert_true(end(&jobs, first, 1) > 0);
	must(jobstate_kill(&jobs.world->db, &jobs.alice, jobs.pipeline, first, &jobs.world->err),
	    &jobs.world->err);
	check_state(&jobs, second, "ready");
	assert_int_equal(claim(&jobs), 0);
}

static void
test_only_what_runs_can_be_killed(void **state)
{
	struct jobs jobs = begin(state, 1);
	int64_t id = add(&jobs, 0);
	struct error err;

	assert_false(jobstate_kill(&jobs.world->db, &jobs.alice, jobs.pipeline, id, &err));
	assert_int_equal(err.kind, ERROR_CONFLICT);
	submit(&jobs);
	assert_false(jobstate_kill(&jobs.world->db, &jobs.alice, jobs.pipeline, id, &err));
	assert_int_equal(err.kind, ERROR_CONFLICT);
}

static void
test_marked_kill_before_the_start_keeps_the_container_from_starting(void **state)
{
	struct jobs jobs = begin(state, 1);
	int64_t id = add(&jobs, 0);
	struct error err;
	struct job job;

	submit(&jobs);
	assert_int_equal(claim(&jobs), id);
	must(job_read(&jobs.world->db, id, &job, &err), &err);
	must(jobstate_kill(&jobs.world->db, &jobs.alice, jobs.pipeline, id, &err), &err);
	assert_false(jobstate_mark(&jobs.world->db, &job, &err));
	assert_int_equal(err.kind, ERROR_CONFLICT);
	job_clear(&job);
}

static void
test_cancel_empties_the_queue_and_asks_for_the_end_of_the_rest(void **state)
{
	struct jobs jobs = begin(state, 2);
	int64_t runs = add(&jobs, 0), retries = add(&jobs, 1), waits = add(&jobs, 0);
	bool cancelled = false;
	struct error err;

	submit(&jobs);
	assert_int_equal(claim(&jobs), runs);
	assert_int_equal(claim(&jobs), retries);
	assert_true(end(&jobs, retries, 1) > 0);
	must(submission_cancel(&jobs.world->db, &jobs.alice, jobs.pipeline, NULL, NULL, &err),
	    &err);
	check_state(&jobs, runs, "running");
	check_state(&jobs, retries, "failed");
	check_state(&jobs, waits, "ready");
	must(jobstate_is_cancelled(&jobs.world->db, runs, &cancelled, &err), &err);
	assert_true(cancelled);
	assert_int_equal(claim(&jobs), 0);
}

/* Whether a job that has left the queue without a run keeps nothing of its being there. */
static void
check_left(struct jobs *jobs, int64_t id, const char *state, const char *error)
{
	char sql[512];

	check_state(jobs, id, state);
	snprintf(sql, sizeof sql,
	    "SELECT queued_at IS NULL AND retry_at IS NULL AND retries_left = 0 AND error = '%s'"
	    " FROM job WHERE id = %lld",
	    error, (long long)id);
	assert_int_equal(world_integer(jobs->world, sql), 1);
}

static void
test_jobs_leave_the_queue_alike_whatever_the_reason(void **state)
{
	struct jobs jobs = begin(state, 3);
	int64_t fails = add(&jobs, 0), retries = add(&jobs, 3), waits = add(&jobs, 3);
	struct error err;
	char why[64];

	for (int stop = 0; stop <= 1; stop++) {
		world_sql(jobs.world,
		    stop ? "UPDATE pipeline SET on_failure = 'stop'"
			 : "UPDATE pipeline SET on_failure = 'continue'");
		submit(&jobs);
		assert_int_equal(claim(&jobs), fails);
		assert_int_equal(claim(&jobs), retries);
		assert_true(end(&jobs, retries, 1) > 0);
		assert_int_equal(end(&jobs, fails, 1), 0);
		snprintf(why, sizeof why, "not run: job %lld of its pipeline failed",
		    (long long)fails);
		if (!stop)
			must(submission_cancel(&jobs.world->db, &jobs.alice, jobs.pipeline, NULL,
				 NULL, &err),
			    &err);
		check_left(&jobs, retries, "failed", stop ? why : JOB_CANCELLED);
		check_left(&jobs, waits, "ready", stop ? why : JOB_CANCELLED);
		assert_int_equal(claim(&jobs), 0);
	}
	/* One whose time has come for the next try has run no less. */
	submit(&jobs);
	assert_int_equal(claim(&jobs), fails);
	assert_int_equal(claim(&jobs), retries);
	assert_true(end(&jobs, retries, 1) > 0);
	let_time_pass(&jobs);
	assert_int_equal(end(&jobs, fails, 1), 0);
	check_left(&jobs, retries, "failed", why);
	check_left(&jobs, waits, "ready", why);
	/* One alone. */
	world_sql(jobs.world, "UPDATE pipeline SET on_failure = 'continue'");
	submit(&jobs);
	assert_int_equal(claim(&jobs), fails);
	assert_int_equal(claim(&jobs), retries);
	assert_true(end(&jobs, retries, 1) > 0);
	must(jobstate_kill(&jobs.world->db, &jobs.alice, jobs.pipeline, retries, &err), &err);
	check_left(&jobs, retries, "failed", JOB_KILLED);
	check_state(&jobs, fails, "running");
	check_state(&jobs, waits, "in_queue");
}

static void
test_deleted_job_is_seen_by_nobody_but_the_spooler(void **state)
{
	struct jobs jobs = begin(state, 1);
	int64_t id = add(&jobs, 0);
	struct error err;
	struct job job;

	must(jobstate_delete(&jobs.world->db, &jobs.alice, jobs.pipeline, id, &err), &err);
	assert_false(job_find(&jobs.world->db, &jobs.alice, 0, id, &job, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	submit(&jobs);
	assert_int_equal(claim(&jobs), 0);
	must(jobstate_next_deleted(&jobs.world->db, &job, &err), &err);
	assert_int_equal(job.id, id);
	must(jobstate_erase(&jobs.world->db, &job, &err), &err);
	job_clear(&job);
	must(jobstate_next_deleted(&jobs.world->db, &job, &err), &err);
	assert_int_equal(job.id, 0);
	assert_int_equal(world_integer(jobs.world, "SELECT count(*) FROM job"), 0);
}

static void
test_running_job_is_deleted_once_it_has_ended(void **state)
{
	struct jobs jobs = begin(state, 1);
	int64_t id = add(&jobs, 3);
	struct error err;
	struct job job;

	submit(&jobs);
	assert_int_equal(claim(&jobs), id);
	must(jobstate_delete(&jobs.world->db, &jobs.alice, jobs.pipeline, id, &err), &err);
	must(jobstate_next_deleted(&jobs.world->db, &job, &err), &err);
	assert_int_equal(job.id, 0);
	assert_int_equal(end(&jobs, id, 143), 0);
	must(jobstate_next_deleted(&jobs.world->db, &job, &err), &err);
	assert_int_equal(job.id, id);
	job_clear(&job);
}

static void
test_job_in_queue_is_not_deleted(void **state)
{
	struct jobs jobs = begin(state, 1);
	int64_t id = add(&jobs, 0);
	struct error err;

	submit(&jobs);
	assert_false(jobstate_delete(&jobs.world->db, &jobs.alice, jobs.pipeline, id, &err));
	assert_int_equal(err.kind, ERROR_CONFLICT);
	assert_string_equal(err.text, "Cannot delete jobs in queue, try again later");
}

static void
test_pipeline_goes_with_its_last_job(void **state)
{
	struct jobs jobs = begin(state, 1);
	struct error err;
	struct job job;

	add(&jobs, 0);
	add(&jobs, 0);
	submit(&jobs);
	must(submission_delete(&jobs.world->db, &jobs.alice, jobs.pipeline, &err), &err);
	assert_int_equal(claim(&jobs), 0);
	assert_false(pipeline_show(&jobs.world->db, &jobs.alice, jobs.pipeline, NULL, NULL, &err));
	for (int left = 1; left >= 0; left--) {
		must(jobstate_next_deleted(&jobs.world->db, &job, &err), &err);
		must(jobstate_erase(&jobs.world->db, &job, &err), &err);
		job_clear(&job);
		assert_int_equal(world_integer(jobs.world, "SELECT count(*) FROM pipeline"),
		    left > 0);
	}
}

static void
test_pipeline_with_a_running_job_is_not_deleted(void **state)
{
	struct jobs jobs = begin(state, 1);
	struct error err;

	add(&jobs, 0);
	submit(&jobs);
	assert_true(claim(&jobs) > 0);
	assert_false(submission_delete(&jobs.world->db, &jobs.alice, jobs.pipeline, &err));
	assert_int_equal(err.kind, ERROR_CONFLICT);
}

static void
test_account_runs_no_more_than_its_limit(void **state)
{
	struct jobs jobs = begin(state, 10);

	for (int i = 0; i < 3; i++)
		add(&jobs, 0);
	submit(&jobs);
	world_sql(jobs.world, "UPDATE account SET running_max = 2");
	assert_true(claim(&jobs) > 0);
	assert_true(claim(&jobs) > 0);
	assert_int_equal(claim(&jobs), 0);
	world_sql(jobs.world, "UPDATE account SET running_max = NULL");
	assert_true(claim(&jobs) > 0);
}

static void
test_jobs_of_a_disabled_account_wait(void **state)
{
	struct jobs jobs = begin(state, 1);

	add(&jobs, 0);
	submit(&jobs);
	world_sql(jobs.world, "UPDATE account SET disabled = 1");
	assert_int_equal(claim(&jobs), 0);
	world_sql(jobs.world, "UPDATE account SET disabled = 0");
	assert_true(claim(&jobs) > 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

/* A database of the tests ends the program if a statement walks rows that it need not. */
static void
test_deleted_pipelines_without_jobs_are_erased(void **state)
{
	struct jobs jobs = begin(state, 1);
	struct error err;

	for (int i = 0; i < 3; i++)
		world_pipeline(jobs.world, jobs.alice.id, 1, "continue");
	add(&jobs, 0);
	world_sql(jobs.world, "UPDATE pipeline SET deleted = 1");
	must(pipeline_erase_all_empty(&jobs.world->db, &err), &err);
	assert_int_equal(world_integer(jobs.world, "SELECT count(*) FROM pipeline"), 1);
	assert_int_equal(world_integer(jobs.world, "SELECT id FROM pipeline"), jobs.pipeline);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_failed_job_runs_again_as_often_as_it_has_retries),
		test(test_job_that_succeeds_at_a_retry_is_done),
		test(test_job_that_waits_for_its_retry_keeps_its_place),
		test(test_job_that_waits_for_its_retry_takes_one_place_only),
		test(test_killed_job_is_not_retried),
		test(test_kill_ends_the_wait_for_a_retry),
		test(test_kill_in_the_wait_for_a_retry_stops_a_pipeline_that_says_so),
		test(test_only_what_runs_can_be_killed),
		test(test_marked_kill_before_the_start_keeps_the_container_from_starting),
		test(test_cancel_empties_the_queue_and_asks_for_the_end_of_the_rest),
		test(test_jobs_leave_the_queue_alike_whatever_the_reason),
		test(test_deleted_job_is_seen_by_nobody_but_the_spooler),
		test(test_running_job_is_deleted_once_it_has_ended),
		test(test_job_in_queue_is_not_deleted),
		test(test_pipeline_goes_with_its_last_job),
		test(test_deleted_pipelines_without_jobs_are_erased),
		test(test_pipeline_with_a_running_job_is_not_deleted),
		test(test_account_runs_no_more_than_its_limit),
		test(test_jobs_of_a_disabled_account_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
