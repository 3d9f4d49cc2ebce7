/*
 * Folders that others have filled.
 */
#include "support.h"

#include "tree.h"

#include "seam_readdir.h"

#define DEEP 3000

static int flushes;

/* In place of the C library's, for the whole program. */
int
fsync(int fd)
{
	(void)fd;
	flushes++;
	return 0;
}

/* Makes folders in folders below name in dir; the innermost's descriptor. */
static int
make_deep(int dir, const char *name, int depth)
{
	int at = dup(dir);

	for (int i = 0; i < depth; i++) {
		int below;

		assert_int_equal(mkdirat(at, i == 0 ? name : "d", 0755), 0);
		below = openat(at, i == 0 ? name : "d", O_RDONLY | O_DIRECTORY);
		assert_true(below >= 0);
		(void)close(at);
		at = below;
	}
	return at;
}

static void
remove_tree(const struct folder *folder, const char *name)
{
	struct error err;

	must(tree_remove(folder->fd, name, &err), &err);
	assert_false(file_exists(folder->fd, name));
}

static void
test_nothing_there_is_success(void **state)
{
	remove_tree(*state, "nothing");
}

static void
test_file_link_and_full_folder_are_removed(void **state)
{
	const struct folder *folder = *state;

	file_put(folder->fd, "file", "x", 1);
	remove_tree(folder, "file");
	assert_int_equal(mkdirat(folder->fd, "dir", 0755), 0);
	assert_int_equal(mkdirat(folder->fd, "dir/sub", 0755), 0);
	assert_int_equal(mkfifoat(folder->fd, "dir/fifo", 0600), 0);
	file_put(folder->fd, "dir/.hidden", "x", 1);
	for (int i = 0; i < 500; i++) {
		char name[32];

		snprintf(name, sizeof name, "dir/sub/%d", i);
		file_put(folder->fd, name, "x", 1);
	}
	remove_tree(folder, "dir");
}

static void
test_links_are_removed_and_not_followed(void **state)
{
	const struct folder *folder = *state;

	assert_int_equal(mkdirat(folder->fd, "kept", 0755), 0);
	file_put(folder->fd, "kept/file", "x", 1);
	assert_int_equal(symlinkat("kept", folder->fd, "link"), 0);
	assert_int_equal(mkdirat(folder->fd, "dir", 0755), 0);
	assert_int_equal(symlinkat("../kept", folder->fd, "dir/link"), 0);
	assert_int_equal(symlinkat("../kept/file", folder->fd, "dir/to-file"), 0);
	assert_int_equal(symlinkat("/nonexistent", folder->fd, "dir/dangling"), 0);
	remove_tree(folder, "link");
	remove_tree(folder, "dir");
	assert_true(file_exists(folder->fd, "kept/file"));
}

static void
test_tree_deeper_than_descriptors_reach_is_removed(void **state)
{
	const struct folder *folder = *state;
	int inner = make_deep(folder->fd, "deep", DEEP);

	file_put(inner, "file", "x", 1);
	(void)close(inner);
	remove_tree(folder, "deep");
}

static void
test_many_deep_trees_in_one_folder_are_removed(void **state)
{
	const struct folder *folder = *state;

	assert_int_equal(mkdirat(folder->fd, "wide", 0755), 0);
	for (int i = 0; i < 20; i++) {
		char name[32];
		int inner;

		snprintf(name, sizeof name, "wide/%d", i);
		inner = make_deep(folder->fd, name, 200);
		file_put(inner, "file", "x", 1);
		(void)close(inner);
	}
	remove_tree(folder, "wide");
}

static void
test_what_cannot_be_removed_is_named(void **state)
{
	struct error err;

	(void)state;
	assert_false(tree_remove(-1, "file", &err));
	assert_non_null(strstr(err.text, "'file'"));
}

static void
test_sync_goes_through_all_folders(void **state)
{
	const struct folder *folder = *state;
	struct error err;
	int inner = make_deep(folder->fd, "dir", 5);

	file_put(inner, "file", "x", 1);
	(void)close(inner);
	/* What is told of types is no matter. */
	for (int unknown = 0; unknown <= 1; unknown++) {
		seam_readdir.unknown = unknown != 0;
		flushes = 0;
		must(tree_sync(folder->fd, "dir", &err), &err);
		assert_int_equal(flushes, 6);
	}
	seam_readdir.unknown = false;
	assert_false(tree_sync(folder->fd, "nothing", &err));
	assert_non_null(strstr(err.text, "'nothing'"));
}

static void
test_folder_that_cannot_be_read_to_its_end_is_not_taken_for_whole(void **state)
{
	const struct folder *folder = *state;
	struct error err;
	bool synced, removed;

	assert_int_equal(mkdirat(folder->fd, "dir", 0755), 0);
	file_put(folder->fd, "dir/file", "x", 1);
	seam_readdir.fails = true;
	synced = tree_sync(folder->fd, "dir", &err);
	assert_true(synced || strcmp(err.text, "read the folder 'dir': Input/output error") == 0);
	removed = tree_remove(folder->fd, "dir", &err);
	assert_true(removed || strcmp(err.text, "read the folder 'dir': Input/output error") == 0);
	seam_readdir.fails = false;
	assert_false(synced);
	assert_false(removed);
}

/* Measures the folder name. */
static int64_t
measured(const struct folder *folder, const char *name, int64_t limit)
{
	cleanup_close int dir = openat(folder->fd, name, O_RDONLY | O_DIRECTORY);

	return tree_measure(dir, limit);
}

static void
file_of_size(int dir, const char *name, size_t size)
{
	cleanup_free char *data = malloc(size);

	memset(data, 'x', size);
	file_put(dir, name, data, size);
}

static void
test_measure_adds_up_what_files_take(void **state)
{
	const struct folder *folder = *state;
	int64_t empty, full;

	assert_int_equal(mkdirat(folder->fd, "dir", 0755), 0);
	empty = measured(folder, "dir", INT64_C(1) << 50);
	assert_in_range(empty, 0, 4096);
	file_of_size(folder->fd, "dir/a", 1 << 20);
	file_of_size(folder->fd, "dir/b", 1 << 20);
	full = measured(folder, "dir", INT64_C(1) << 50);
	assert_in_range(full, 2 << 20, (2 << 20) + (64 << 10));
}

static void
test_measure_counts_holes_and_not_links(void **state)
{
	const struct folder *folder = *state;
	int fd;

	file_of_size(folder->fd, "large", 4 << 20);
	assert_int_equal(mkdirat(folder->fd, "dir", 0755), 0);
	assert_int_equal(symlinkat("../large", folder->fd, "dir/link"), 0);
	assert_int_equal(symlinkat("..", folder->fd, "dir/up"), 0);
	assert_in_range(measured(folder, "dir", INT64_C(1) << 50), 0, 256 << 10);
	fd = openat(folder->fd, "dir/hole", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, INT64_C(1) << 32), 0);
	(void)close(fd);
	assert_true(measured(folder, "dir", INT64_C(1) << 50) >= INT64_C(1) << 32);
	assert_int_equal(measured(folder, "dir", 1 << 20), (1 << 20) + 1);
}

static void
test_measure_stops_over_the_limit(void **state)
{
	const struct folder *folder = *state;

	assert_int_equal(mkdirat(folder->fd, "dir", 0755), 0);
	for (int i = 0; i < 50; i++) {
		char name[32];

		snprintf(name, sizeof name, "dir/%d", i);
		file_of_size(folder->fd, name, 64 << 10);
	}
	assert_true(measured(folder, "dir", 100 << 10) > 100 << 10);
}

static void
test_measure_sees_files_however_deep(void **state)
{
	const struct folder *folder = *state;
	int inner = make_deep(folder->fd, "dir", 100);

	file_of_size(inner, "file", 1 << 20);
	(void)close(inner);
	assert_true(measured(folder, "dir", INT64_C(1) << 50) >= 1 << 20);
}

static void
test_measure_takes_what_is_too_deep_as_too_much(void **state)
{
	const struct folder *folder = *state;

	(void)close(make_deep(folder->fd, "dir", 1000));
	assert_true(measured(folder, "dir", INT64_C(1) << 40) > INT64_C(1) << 40);
}

#define test(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_nothing_there_is_success),
		test(test_file_link_and_full_folder_are_removed),
		test(test_links_are_removed_and_not_followed),
		test(test_tree_deeper_than_descriptors_reach_is_removed),
		test(test_many_deep_trees_in_one_folder_are_removed),
		test(test_what_cannot_be_removed_is_named),
		test(test_sync_goes_through_all_folders),
		test(test_folder_that_cannot_be_read_to_its_end_is_not_taken_for_whole),
		test(test_measure_adds_up_what_files_take),
		test(test_measure_counts_holes_and_not_links),
		test(test_measure_stops_over_the_limit),
		test(test_measure_sees_files_however_deep),
		test(test_measure_takes_what_is_too_deep_as_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
