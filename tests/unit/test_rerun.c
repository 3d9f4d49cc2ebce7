/*
 * Copies of jobs: which jobs of a pipeline are copied, and what happens at the same time.
 */
#include "support.h"

#include "inbox.h"
#include "rerun.h"

static const struct account root = { .login = "root", .admin = true };

/* The jobs of a pipeline, and which of them are copied. */
static const struct {
	const char *state, *error;
	bool deleted;
	int copies; /* 0: none; 1: one; 2: one that was deleted */
	bool failed, out_of_memory;
} rows[] = {
	{ "ready", NULL, false, 0, false, false },
	{ "in_queue", "exit code 1", false, 0, false, false },
	{ "running", NULL, false, 0, false, false },
	{ "done", NULL, false, 0, false, false },
	{ "failed", "exit code 1", false, 0, true, false },
	{ "failed", NULL, false, 0, true, false },
	{ "failed", "out of memory (limit 512 MiB)", false, 0, true, true },
	{ "failed", "killed: out of memory", false, 0, true, false },
	{ "failed", "out of memory (limit 512 MiB)", true, 0, false, false },
	{ "failed", "out of memory (limit 512 MiB)", false, 1, false, false },
	{ "failed", "out of memory (limit 512 MiB)", false, 2, true, true },
};

struct rerun_world {
	struct world *world;
	int64_t pipeline;
	int64_t jobs[COUNT(rows)];
	const char *meanwhile; /* SQL that the first apply runs; NULL: none */
};

static int64_t
insert_job(struct rerun_world *made, const char *state, const char *error, bool deleted,
    int64_t rerun_of)
{
	char sql[512];

	snprintf(sql, sizeof sql,
	    "INSERT INTO job (pipeline, account, image, position, network, timeout, grace, memory, cpus,"
	    " pids, disk, attachment_token, created_at, queued_at, state, error, deleted, rerun_of)"
	    " SELECT %lld, account, (SELECT min(id) FROM image), (SELECT count(*) FROM job), 'none', 1,"
	    " 1, 1, 1, 1, 1, '', 1, 1, '%s', nullif('%s', ''), %d, nullif(%lld, 0)"
	    " FROM pipeline WHERE id = %lld",
	    (long long)made->pipeline, state, error != NULL ? error : "", deleted,
	    (long long)rerun_of, (long long)made->pipeline);
	world_sql(made->world, sql);
	return sqlite3_last_insert_rowid(made->world->db.handle);
}

static void
make_jobs(struct rerun_world *made, struct world *world)
{
	const struct account alice = world_account(world, "alice");

	*made = (struct rerun_world){ .world = world };
	(void)world_image(world, alice.id);
	made->pipeline = world_pipeline(world, alice.id, 2, "continue");
	for (size_t i = 0; i < COUNT(rows); i++) {
		made->jobs[i] = insert_job(made, rows[i].state, rows[i].error, rows[i].deleted, 0);
		if (rows[i].copies > 0)
			(void)insert_job(made, "ready", NULL, rows[i].copies == 2, made->jobs[i]);
	}
}

static bool
apply(struct job *copy, void *context, struct error *err)
{
	struct rerun_world *made = context;

	(void)err;
	copy->memory = 1234;
	if (made->meanwhile != NULL)
		world_sql(made->world, made->meanwhile);
	made->meanwhile = NULL;
	return true;
}

static const struct config config = { .queued_max = 100, .attachments_max = 100 };

static struct rerun
rerun_of(struct rerun_world *made)
{
	return (struct rerun){
		.pipeline = made->pipeline, .apply = apply, .context = made, .config = &config
	};
}

static void
test_failed_jobs_without_a_copy_are_copied_in_their_order(void **state)
{
	for (int oom = 0; oom < 2; oom++) {
		struct world *world = *state;
		struct rerun_world made;
		struct rerun rerun;
		struct ids ids;
		size_t count = 0;
		int failed = 0;

		world_sql(world,
		    "DELETE FROM queue; DELETE FROM job; DELETE FROM pipeline;"
		    "UPDATE image SET build = NULL; DELETE FROM build; DELETE FROM image;"
		    "DELETE FROM account");
		make_jobs(&made, world);
		rerun = rerun_of(&made);
		must(rerun_pipeline(&world->db, NULL, &root, &rerun, oom, &ids, &world->err),
		    &world->err);
		for (size_t i = 0; i < COUNT(rows); i++) {
			struct job copy;

			if (!(oom ? rows[i].out_of_memory : rows[i].failed))
				continue;
			assert_true(count < ids.count);
			must(job_read(&world->db, ids.items[count++], &copy, &world->err),
			    &world->err);
			row_check(failed, copy.rerun_of == made.jobs[i], "copy of %zu", i);
			row_check(failed, strcmp(copy.state, "in_queue") == 0, "copy of %zu", i);
			row_check(failed, copy.memory == 1234, "copy of %zu", i);
			row_check(failed, strcmp(copy.login, "alice") == 0, "copy of %zu", i);
			job_clear(&copy);
		}
		rows_end(failed);
		assert_int_equal(ids.count, count);
		assert_int_equal(world_integer(world, "SELECT count(*) FROM queue"), 1);
		free(ids.items);
		must(rerun_pipeline(&world->db, NULL, &root, &rerun, oom, &ids, &world->err),
		    &world->err);
		assert_int_equal(ids.count, 0);
		free(ids.items);
	}
}

/* What another call does between the reading of a job and the writing of its copy. */
static const struct {
	const char *sql;
	enum error_kind kind;
} meanwhiles[] = {
	{ "UPDATE job SET deleted = 1 WHERE id = (SELECT min(id) FROM job WHERE state = 'failed')",
	    ERROR_BUSY },
	{ "UPDATE job SET deleted = 1 WHERE state = 'failed'", ERROR_BUSY },
	{ "UPDATE job SET attachment_token = 'x' WHERE id = (SELECT min(id) FROM job WHERE state = 'failed')",
	    ERROR_BUSY },
	{ "UPDATE image SET deleted = 1", ERROR_CONFLICT },
};

static void
restore(struct world *world)
{
	world_sql(world,
	    "UPDATE job SET deleted = 0, attachment_token = ''; UPDATE image SET deleted = 0");
}

static void
test_what_changes_meanwhile_is_not_copied(void **state)
{
	struct world *world = *state;
	struct rerun_world made;
	struct rerun rerun;
	struct ids ids;

	make_jobs(&made, world);
	rerun = rerun_of(&made);
	for (size_t i = 0; i < COUNT(meanwhiles); i++) {
		struct attachments none = { 0 };
		int64_t id, count = world_integer(world, "SELECT count(*) FROM job");

		made.meanwhile = meanwhiles[i].sql;
		assert_false(rerun_job(&world->db, NULL, &root, &rerun, made.jobs[4], &none, NULL,
		    0, true, &id, &world->err));
		assert_int_equal(world->err.kind, meanwhiles[i].kind);
		restore(world);
		made.meanwhile = meanwhiles[i].sql;
		assert_false(rerun_pipeline(&world->db, NULL, &root, &rerun, false, &ids,
		    &world->err));
		assert_int_equal(world->err.kind, meanwhiles[i].kind);
		free(ids.items);
		restore(world);
		assert_int_equal(world_integer(world, "SELECT count(*) FROM job"), count);
	}
}

static int
make_folder(struct world *world, const char *name)
{
	char path[300];

	snprintf(path, sizeof path, "%s/%s", world->folder->path, name);
	assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A PUT removes the old inbox as soon as the job has the new one. */
static void
test_attachments_that_are_replaced_meanwhile_are_not_missing(void **state)
{
	static const char put[] =
	    "UPDATE job SET attachment_token = 'new' WHERE attachment_token = 'old'";
	struct world *world = *state;
	cleanup_close int staged = make_folder(world, "staging"),
			  inbox = make_folder(world, "staging/" INBOX_STAGED),
			  inboxes = make_folder(world, "inboxes");
	struct spool spool = { .inbox = inboxes };
	const struct staging staging = { .fd = staged };
	struct rerun_world made;
	struct rerun rerun;

	assert_true(inbox >= 0);
	make_jobs(&made, world);
	assert_int_equal(made.jobs[4], 5);
	rerun = rerun_of(&made);
	rerun.staging = &staging;
	for (int i = 0; i < 2; i++) {
		struct attachments files = { 0 };
		struct ids ids;
		int64_t id;

		world_sql(world,
		    "DELETE FROM attachment; UPDATE job SET attachment_token = 'old' WHERE id = 5;"
		    "INSERT INTO attachment (job, name, size) VALUES (5, 'a.csv', 1)");
		made.meanwhile = i == 0 ? NULL : put;
		assert_false(rerun_job(&world->db, &spool, &root, &rerun, 5, &files, NULL, 0, true,
		    &id, &world->err));
		assert_int_equal(world->err.kind, i == 0 ? ERROR_CONFLICT : ERROR_BUSY);
		attachment_clear(&files);
		world_sql(world, "UPDATE job SET attachment_token = 'old' WHERE id = 5");
		made.meanwhile = i == 0 ? NULL : put;
		assert_false(rerun_pipeline(&world->db, &spool, &root, &rerun, false, &ids,
		    &world->err));
		assert_int_equal(world->err.kind, i == 0 ? ERROR_CONFLICT : ERROR_BUSY);
		free(ids.items);
		(void)unlinkat(staged, "0", AT_REMOVEDIR);
	}
}

static void
test_copy_is_a_change_of_the_old_job(void **state)
{
	struct world *world = *state;
	const struct attachments none = { 0 };
	struct attachments files = none;
	struct rerun_world made;
	struct rerun rerun;
	struct job old;
	int64_t id, last;

	make_jobs(&made, world);
	rerun = rerun_of(&made);
	last = world_integer(world, "SELECT last FROM change_number");
	must(rerun_job(&world->db, NULL, &root, &rerun, made.jobs[3], &files, NULL, 0, false, &id,
		 &world->err),
	    &world->err);
	must(job_read(&world->db, made.jobs[3], &old, &world->err), &world->err);
	assert_non_null(strchr(old.reruns, (int)('0' + id % 10)));
	assert_string_equal(old.state, "done");
	job_clear(&old);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM job WHERE changed > 0"),
	    world_integer(world, "SELECT count(*) FROM job"));
	assert_true(world_integer(world, "SELECT max(changed) FROM job WHERE state = 'done'") >
	    last);
	last = world_integer(world, "SELECT last FROM change_number");
	world_sql(world, "UPDATE job SET deleted = 1 WHERE rerun_of IS NOT NULL");
	assert_true(world_integer(world, "SELECT max(changed) FROM job WHERE state = 'done'") >
	    last);
}

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_failed_jobs_without_a_copy_are_copied_in_their_order),
		test(test_what_changes_meanwhile_is_not_copied),
		test(test_attachments_that_are_replaced_meanwhile_are_not_missing),
		test(test_copy_is_a_change_of_the_old_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
