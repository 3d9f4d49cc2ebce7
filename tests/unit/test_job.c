/*
 * Jobs: whose they are, and their attachments.
 */
#include "jobsupport.h"

#include <grp.h>

#include "staging.h"

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

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_what_is_anothers_is_not_found),
		test(test_jobs_attachments_move_into_its_inbox),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
