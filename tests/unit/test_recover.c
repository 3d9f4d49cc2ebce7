/*
 * Sweeps: what a file's name says, and what is told of it.
 * The functions that decide are static: the file is included.
 */
#include "support.h"

#include "daemon/recover.c"

#include "seam_readdir.h"

static void
hear(void *context, enum log_level level, const char *text)
{
	(void)level;
	snprintf(context, 2048, "%s", text);
}

static void
test_what_is_told_of_a_file_is_valid_text(void **state)
{
	char heard[2048] = "", letters[2000];
	struct sweep sweep = { .tell = hear, .context = heard };

	(void)state;
	tell(&sweep, LOG_INFO, "removed %s/%s", "results", "caf\xe9.zip");
	assert_string_equal(heard, "removed results/caf?.zip");
	for (size_t i = 0; i + 2 < sizeof letters; i += 2)
		memcpy(letters + i, "\xc3\xa9", 3);
	for (int before = 0; before < 2; before++) {
		tell(&sweep, LOG_INFO, "%.*s%s", before, "x", letters);
		assert_true(utf8_valid(heard, strlen(heard)));
	}
}

/* Whether has_log finds what name stands for; name ends where its memory ends. */
static bool
log_is_of_a_job(struct world *world, const char *name)
{
	cleanup_free char *exact = strdup(name);
	bool has = false;

	must(has_log(&world->db, exact, &has, &world->err), &world->err);
	return has;
}

static void
test_log_belongs_to_the_job_that_its_name_says(void **state)
{
	static const struct {
		const char *name;
		bool has;
	} rows[] = {
		{ "1.1.log", true },
		{ "1.1.idx", true },
		{ "1.7.log", true },
		{ "2.1.log", false },
		{ "1", false },
		{ "1.", false },
		{ "1.log", false },
		{ ".1.log", false },
		{ "", false },
		{ "log", false },
	};
	static const char two_names[] = "1\0001.log";
	struct world *world = *state;
	struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id);
	bool has = true;
	char sql[512];
	int failed = 0;

	snprintf(sql, sizeof sql,
	    "INSERT INTO job (pipeline, account, image, position, network, timeout, grace, memory, cpus,"
	    " pids, disk, attachment_token, created_at) VALUES (%lld, %lld, %lld, 1, 'none', 1, 1, 1, 1,"
	    " 1, 1, '', 1)",
	    (long long)world_pipeline(world, alice.id, 1, "stop"), (long long)alice.id,
	    (long long)image);
	world_sql(world, sql);
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed, log_is_of_a_job(world, rows[i].name) == rows[i].has, "%s",
		    rows[i].name);
	rows_end(failed);
	/* What stands behind a name is none of it. */
	must(has_log(&world->db, two_names, &has, &world->err), &world->err);
	assert_false(has);
}

static bool
has_never(struct database *db, const char *name, bool *has, struct error *err)
{
	(void)db;
	(void)name;
	(void)has;
	(void)err;
	fail();
	return false;
}

static void
test_folder_that_cannot_be_read_to_its_end_is_told(void **state)
{
	const struct folder *folder = *state;
	struct spooler spooler = { .stopping = false };
	struct worker worker = { .spooler = &spooler };
	char heard[2048] = "";
	struct sweep sweep = { .tell = hear, .context = heard };

	file_put(folder->fd, "file", "x", 1);
	seam_readdir.fails = true;
	sweep_folder(&worker, &sweep, folder->fd, "logs", has_never, 0);
	seam_readdir.fails = false;
	assert_string_equal(heard, "looking for rubbish: logs: Input/output error");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_folder_that_cannot_be_read_to_its_end_is_told,
		    folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_log_belongs_to_the_job_that_its_name_says,
		    world_setup, world_teardown),
		cmocka_unit_test(test_what_is_told_of_a_file_is_valid_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
