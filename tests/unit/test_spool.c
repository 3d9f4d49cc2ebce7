/*
 * The state directory: folders, stages and their locks.
 */
#include "clock.h"
#include "staging.h"
#include "support.h"

#include <grp.h>

#include "spool.h"

#include "seam_readdir.h"

static struct config
config_of(const struct folder *folder)
{
	return (struct config){ .state_dir = (char *)(uintptr_t)folder->path,
		.web_server_group = getgrgid(getgid())->gr_name };
}

static struct spool
opened(const struct folder *folder)
{
	const struct config config = config_of(folder);
	struct spool spool;
	struct error err;

	must(spool_open(&spool, &config, true, &err), &err);
	spool.path = folder->path;
	return spool;
}

static void
test_spooler_makes_the_folders_with_the_modes_that_keep_others_out(void **state)
{
	static const struct {
		const char *name;
		unsigned mode;
	} rows[] = {
		{ "incoming", 02770 },
		{ "inbox", 02770 },
		{ "builds", 02770 },
		{ "logs", 02750 },
		{ "results", 02750 },
		{ "run", 0700 },
	};
	const struct folder *folder = *state;
	struct spool spool = opened(folder);
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		row_check(failed, file_mode(folder->fd, rows[i].name) == rows[i].mode, "%s: %o",
		    rows[i].name, file_mode(folder->fd, rows[i].name));
		assert_int_equal(fchmodat(folder->fd, rows[i].name, 0777, 0), 0);
	}
	spool_close(&spool);
	spool_close(&spool);
	/* What a killed start left half-made is mended by the next. */
	spool = opened(folder);
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed, file_mode(folder->fd, rows[i].name) == rows[i].mode,
		    "%s again: %o", rows[i].name, file_mode(folder->fd, rows[i].name));
	spool_close(&spool);
	rows_end(failed);
}

static void
test_handler_finds_the_folders_or_names_the_spooler(void **state)
{
	const struct folder *folder = *state;
	const struct config config = config_of(folder);
	struct spool spool, handler;
	struct error err;

	assert_false(spool_open(&handler, &config, false, &err));
	assert_int_equal(err.kind, ERROR_BUSY);
	assert_non_null(strstr(err.text, "start kabuto-spooler"));
	assert_int_equal(handler.state, -1);
	assert_false(file_exists(folder->fd, "incoming"));
	spool = opened(folder);
	must(spool_open(&handler, &config, false, &err), &err);
	assert_int_equal(handler.run, -1);
	assert_true(handler.inbox >= 0 && handler.incoming >= 0 && handler.logs >= 0);
	spool_close(&handler);
	spool_close(&spool);
}

static void
test_missing_directory_or_group_is_named(void **state)
{
	const struct folder *folder = *state;
	struct config config = config_of(folder);
	struct spool spool;
	struct error err;
	char group[] = "no-such-group", path[] = "/nonexistent/state";

	config.web_server_group = group;
	assert_false(spool_open(&spool, &config, true, &err));
	assert_non_null(strstr(err.text, "the group 'no-such-group' does not exist"));
	config = config_of(folder);
	config.state_dir = path;
	assert_false(spool_open(&spool, &config, true, &err));
	assert_non_null(strstr(err.text, "/nonexistent/state"));
}

static void
test_sweep_spares_a_stage_whose_lock_is_held(void **state)
{
	struct spool spool = opened(*state);
	struct staging held, dead;
	struct error err;
	int removed = -1;

	must(staging_open(&held, &spool, &err), &err);
	must(staging_open(&dead, &spool, &err), &err);
	assert_string_not_equal(held.name, dead.name);
	file_put(held.fd, "upload", "x", 1);
	file_put(dead.fd, "upload", "x", 1);
	assert_int_equal(mkdirat(dead.fd, "inbox", 0755), 0);
	file_put(dead.fd, "inbox/file", "x", 1);
	(void)close(dead.fd); /* as its process's end does */
	file_put(spool.incoming, "x.zip.part", "x", 1);
	assert_int_equal(symlinkat("/etc", spool.incoming, "link"), 0);
	/* Files that came since the spooler started are being written by it. */
	must(spool_sweep_incoming(&spool, clock_now_ms() - DAY_MS, false, &removed, &err), &err);
	assert_int_equal(removed, 1);
	assert_true(file_exists(spool.incoming, "x.zip.part"));
	must(spool_sweep_incoming(&spool, clock_now_ms() + DAY_MS, false, &removed, &err), &err);
	assert_int_equal(removed, 2);
	assert_false(file_exists(spool.incoming, "link"));
	assert_true(file_exists(held.fd, "upload"));
	assert_true(file_exists(spool.incoming, held.name));
	assert_false(file_exists(spool.incoming, dead.name));
	assert_false(file_exists(spool.incoming, "x.zip.part"));
	assert_true(file_exists(AT_FDCWD, "/etc/passwd"));
	must(spool_sweep_incoming(&spool, clock_now_ms() + DAY_MS, false, &removed, &err), &err);
	assert_int_equal(removed, 0);
	staging_discard(&held, &spool);
	spool_close(&spool);
}

static void
test_discarded_stage_is_gone_with_all_in_it(void **state)
{
	struct spool spool = opened(*state);
	struct staging staging, never = { .fd = -1 };
	struct error err;

	must(staging_open(&staging, &spool, &err), &err);
	assert_int_equal(mkdirat(staging.fd, "inbox", 0755), 0);
	file_put(staging.fd, "inbox/file", "x", 1);
	staging_discard(&staging, &spool);
	assert_int_equal(staging.fd, -1);
	assert_false(file_exists(spool.incoming, staging.name));
	staging_discard(&staging, &spool);
	staging_discard(&never, &spool);
	spool_close(&spool);
}

static void
test_publish_moves_a_folder_into_its_place(void **state)
{
	struct spool spool = opened(*state);
	struct staging staging;
	struct error err;

	must(staging_open(&staging, &spool, &err), &err);
	assert_int_equal(mkdirat(staging.fd, "inbox", 0755), 0);
	file_put(staging.fd, "inbox/file", "x", 1);
	must(spool_publish(staging.fd, "inbox", spool.inbox, "token", &err), &err);
	assert_true(file_exists(spool.inbox, "token/file"));
	assert_false(file_exists(staging.fd, "inbox"));
	assert_false(spool_publish(staging.fd, "inbox", spool.inbox, "other", &err));
	assert_non_null(strstr(err.text, "'other'"));
	assert_false(file_exists(spool.inbox, "other"));
	/* A folder never replaces one that holds something. */
	assert_int_equal(mkdirat(staging.fd, "inbox", 0755), 0);
	assert_false(spool_publish(staging.fd, "inbox", spool.inbox, "token", &err));
	assert_true(file_exists(spool.inbox, "token/file"));
	staging_discard(&staging, &spool);
	spool_close(&spool);
}

static void
test_publish_replaces_a_file_as_a_whole(void **state)
{
	struct spool spool = opened(*state);
	cleanup_free char *text = NULL;
	struct error err;

	file_put(spool.incoming, "a.zip", "new", 3);
	file_put(spool.results, "a.zip", "former", 6);
	must(spool_publish(spool.incoming, "a.zip", spool.results, "a.zip", &err), &err);
	text = file_get(spool.results, "a.zip", NULL);
	assert_string_equal(text, "new");
	assert_false(file_exists(spool.incoming, "a.zip"));
	spool_close(&spool);
}

static void
test_floor_under_free_space_and_inodes(void **state)
{
	static const struct {
		int64_t min_free, min_free_inodes;
		const char *says; /* NULL: there is room */
	} rows[] = {
		{ 0, 0, NULL },
		{ 1, 1, NULL },
		{ INT64_C(1) << 60, 0, "less than 1048576 TiB of disk free" },
		{ 0, INT64_MAX, "inodes free" },
	};
	struct spool spool = opened(*state);
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct config config = { .min_free = rows[i].min_free,
			.min_free_inodes = rows[i].min_free_inodes };
		struct error err = { .kind = ERROR_NONE };
		bool room = spool_has_room(&spool, &config, &err);

		row_check(failed, room == (rows[i].says == NULL), "row %zu: %s", i, err.text);
		row_check(failed,
		    room || (err.kind == ERROR_NO_SPACE && strstr(err.text, rows[i].says) != NULL),
		    "row %zu: %s", i, err.text);
	}
	spool_close(&spool);
	rows_end(failed);
}

#define test(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

static void
test_backup_keeps_files_and_removals_do_not_wait(void **state)
{
	struct spool spool = opened(*state);
	struct error err;
	bool kept = false;
	int keep;

	file_put(spool.results, "a.zip", "x", 1);
	keep = spool_keep(&spool, &err);
	assert_true(keep >= 0);
	must(spool_remove(&spool, spool.results, "a.zip", &kept, &err), &err);
	assert_true(kept && file_exists(spool.results, "a.zip"));
	(void)close(keep);
	must(spool_remove(&spool, spool.results, "a.zip", &kept, &err), &err);
	assert_false(kept || file_exists(spool.results, "a.zip"));
	must(spool_remove(&spool, spool.results, "a.zip", NULL, &err), &err);
	/* Whoever removes leaves nothing locked. */
	keep = spool_keep(&spool, &err);
	assert_true(keep >= 0);
	(void)close(keep);
	spool_close(&spool);
}

static void
test_dry_sweep_counts_and_leaves(void **state)
{
	struct spool spool = opened(*state);
	struct error err;
	int removed = 0;

	file_put(spool.incoming, "x.zip", "x", 1);
	must(spool_sweep_incoming(&spool, clock_now_ms() + DAY_MS, true, &removed, &err), &err);
	assert_int_equal(removed, 1);
	assert_true(file_exists(spool.incoming, "x.zip"));
	spool_close(&spool);
}

static void
test_sweep_tells_that_incoming_cannot_be_read_to_its_end(void **state)
{
	struct spool spool = opened(*state);
	struct error err;
	int removed = 0;
	bool done;

	seam_readdir.fails = true;
	done = spool_sweep_incoming(&spool, clock_now_ms(), false, &removed, &err);
	seam_readdir.fails = false;
	assert_false(done);
	assert_string_equal(err.text, "read incoming/: Input/output error");
	spool_close(&spool);
}

static void
test_second_lock_names_who_has_it(void **state)
{
	const struct folder *folder = *state;
	struct error err;
	char pid[32];
	int first = spool_lock(folder->fd, folder->path, &err);

	assert_true(first >= 0);
	assert_int_equal(spool_lock(folder->fd, folder->path, &err), -1);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	snprintf(pid, sizeof pid, "pid %ld;", (long)getpid());
	assert_non_null(strstr(err.text, pid));
	(void)close(first);
	first = spool_lock(folder->fd, folder->path, &err);
	assert_true(first >= 0);
	(void)close(first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_spooler_makes_the_folders_with_the_modes_that_keep_others_out),
		test(test_handler_finds_the_folders_or_names_the_spooler),
		test(test_missing_directory_or_group_is_named),
		test(test_sweep_spares_a_stage_whose_lock_is_held),
		test(test_sweep_tells_that_incoming_cannot_be_read_to_its_end),
		test(test_discarded_stage_is_gone_with_all_in_it),
		test(test_publish_moves_a_folder_into_its_place),
		test(test_publish_replaces_a_file_as_a_whole),
		test(test_floor_under_free_space_and_inodes),
		test(test_backup_keeps_files_and_removals_do_not_wait),
		test(test_dry_sweep_counts_and_leaves),
		test(test_second_lock_names_who_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
