/*
 * The sweep of files: what has no row goes, what has one or is young stays.
 */
#include "clock.h"
#include "support.h"

#include <grp.h>

#include "src/domain/filesweep.c"

#include "seam_readdir.h"

struct sweeping {
	struct world *world;
	struct spool spool;
	int64_t job;
	int told;
};

static void
sweeping_tell(void *context, enum log_level level, const char *text)
{
	struct sweeping *sweeping = context;

	(void)text;
	sweeping->told += level <= LOG_WARNING;
}

/* A state directory and a job that has run twice. */
static void
begin(struct sweeping *sweeping, void **state)
{
	struct world *world = *state;
	const struct config config = { .state_dir = world->folder->path,
		.web_server_group = getgrgid(getgid())->gr_name };
	int64_t account = world_account(world, "alice").id;
	char sql[512];

	*sweeping = (struct sweeping){ .world = world };
	must(spool_open(&sweeping->spool, &config, true, &world->err), &world->err);
	snprintf(sql, sizeof sql,
	    "INSERT INTO job (pipeline, account, image, position, network, timeout, grace, memory, cpus,"
	    " pids, disk, retries, attempt, attachment_token, created_at) VALUES (%lld, %lld, %lld,"
	    " 0, 'none', 1, 1, 1, 1, 1, 1, 0, 2, hex(randomblob(16)), 1)",
	    (long long)world_pipeline(world, account, 1, "continue"), (long long)account,
	    (long long)world_image(world, account));
	world_sql(world, sql);
	sweeping->job = sqlite3_last_insert_rowid(world->db.handle);
	assert_int_equal(sweeping->job, 1); /* as the names below have it */
}

static struct filesweep
sweep_of(struct sweeping *sweeping)
{
	return (struct filesweep){ .spool = &sweeping->spool,
		.db = &sweeping->world->db,
		.tell = sweeping_tell,
		.context = sweeping };
}

static void
test_log_has_a_row_if_its_name_begins_with_a_job_and_an_attempt(void **state)
{
	static const struct {
		const char *name;
		bool has;
	} rows[] = {
		{ "1.1.log", true },
		{ "1.2.idx", true },
		{ "1.2.usage", true },
		{ "2.1.log", false },
		{ "1.log", false },
		{ "1.x.log", false },
		{ "x.1.log", false },
		{ "1.1", false },
		{ "1.", false },
		{ "1", false },
		{ "1\0"
		  "1.log",
		    false }, /* what is behind the name's end is not read */
		{ "000000000000000000000000000001.1.log", false },
		{ "", false },
	};
	struct sweeping sweeping;
	int failed = 0;

	begin(&sweeping, state);
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool has = !rows[i].has;

		must(filesweep_has_log(&sweeping.world->db, rows[i].name, &has,
			 &sweeping.world->err),
		    &sweeping.world->err);
		row_check(failed, has == rows[i].has, "%zu: '%s'", i, rows[i].name);
	}
	spool_close(&sweeping.spool);
	rows_end(failed);
}

/* One file of each kind that has no row, and two logs that have one. */
static void
make_files(struct sweeping *sweeping)
{
	file_put(sweeping->spool.results, "0123456789abcdef0123456789abcdef.zip", "x", 1);
	file_put(sweeping->spool.logs, "7.1.log", "xyz", 3);
	file_put(sweeping->spool.logs, "1", "x", 1);
	assert_int_equal(mkdirat(sweeping->spool.run, "7.1", 0700), 0);
	file_put(sweeping->spool.logs, "1.1.log", "x", 1);
	file_put(sweeping->spool.logs, "1.2.idx", "x", 1);
}

static void
test_sweep_takes_what_has_no_row_and_is_older_than_the_spooler(void **state)
{
	struct sweeping sweeping;
	struct filesweep sweep;

	begin(&sweeping, state);
	make_files(&sweeping);
	sweep = sweep_of(&sweeping);
	filesweep_run(&sweep); /* no spooler's: all is younger than an hour */
	assert_int_equal(sweep.removed, 0);

	sweep = sweep_of(&sweeping);
	sweep.started_ms = clock_now_ms() + DAY_MS;
	sweep.dry_run = sweep.measure = true;
	filesweep_run(&sweep);
	assert_int_equal(sweep.removed, 4);
	assert_true(sweep.bytes >= 5);
	assert_true(file_exists(sweeping.spool.logs, "7.1.log"));

	sweep.removed = sweep.bytes = 0;
	sweep.dry_run = false;
	filesweep_run(&sweep);
	assert_int_equal(sweep.removed, 4);
	assert_true(sweep.bytes >= 5);
	assert_int_equal(sweeping.told, 0);
	assert_false(file_exists(sweeping.spool.logs, "7.1.log"));
	assert_false(file_exists(sweeping.spool.logs, "1"));
	assert_false(file_exists(sweeping.spool.run, "7.1"));
	assert_true(file_exists(sweeping.spool.logs, "1.1.log"));
	assert_true(file_exists(sweeping.spool.logs, "1.2.idx"));
	spool_close(&sweeping.spool);
}

static void
test_sweep_ends_when_it_is_to_stop(void **state)
{
	const atomic_bool stop = true;
	struct sweeping sweeping;
	struct filesweep sweep;

	begin(&sweeping, state);
	make_files(&sweeping);
	sweep = sweep_of(&sweeping);
	sweep.started_ms = clock_now_ms() + DAY_MS;
	sweep.stop = &stop;
	filesweep_run(&sweep);
	filesweep_contexts(&sweep);
	assert_int_equal(sweep.removed, 0);
	assert_true(file_exists(sweeping.spool.logs, "7.1.log"));
	spool_close(&sweeping.spool);
}

static void
test_sweep_tells_what_it_could_not_look_up(void **state)
{
	struct sweeping sweeping;
	struct filesweep sweep;

	begin(&sweeping, state);
	make_files(&sweeping);
	world_sql(sweeping.world, "ALTER TABLE job RENAME TO gone");
	sweep = sweep_of(&sweeping);
	sweep.started_ms = clock_now_ms() + DAY_MS;
	filesweep_run(&sweep);
	assert_true(sweeping.told >= 1);
	assert_true(file_exists(sweeping.spool.logs, "7.1.log"));
	spool_close(&sweeping.spool);
}

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

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
	struct filesweep sweep = { .tell = hear, .context = heard };

	(void)state;
	filesweep_tell(&sweep, LOG_INFO, "removed %s/%s", "results", "caf\xe9.zip");
	assert_string_equal(heard, "removed results/caf?.zip");
	for (size_t i = 0; i + 2 < sizeof letters; i += 2)
		memcpy(letters + i, "\xc3\xa9", 3);
	for (int before = 0; before < 2; before++) {
		filesweep_tell(&sweep, LOG_INFO, "%.*s%s", before, "x", letters);
		assert_true(utf8_valid(heard, strlen(heard)));
	}
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
	char heard[2048] = "";
	struct filesweep sweep = { .tell = hear, .context = heard };

	file_put(folder->fd, "file", "x", 1);
	seam_readdir.fails = true;
	filesweep_folder(&sweep, folder->fd, "logs", has_never, 0);
	seam_readdir.fails = false;
	assert_string_equal(heard, "sweep of files: logs: Input/output error");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_told_of_a_file_is_valid_text),
		cmocka_unit_test_setup_teardown(test_folder_that_cannot_be_read_to_its_end_is_told,
		    folder_setup, folder_teardown),
		test(test_log_has_a_row_if_its_name_begins_with_a_job_and_an_attempt),
		test(test_sweep_takes_what_has_no_row_and_is_older_than_the_spooler),
		test(test_sweep_ends_when_it_is_to_stop),
		test(test_sweep_tells_what_it_could_not_look_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
