/*
 * One file out of a zip, with ranges, and out of zips that are damaged.
 */
#include "support.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include "fcgi/unzip.h"

#define LARGE 2500000 /* bytes: several of libarchive's pieces */
#define FILES 5

static const char *const names[FILES] = { "first", "empty", "gr\xc3\xbcn.txt", "large", "x\\" };
static const size_t sizes[FILES] = { 5, 0, 70000, LARGE, 5 };

/* A zip as collect.c makes it: where each file's header begins, and what the file holds. */
struct scene {
	struct folder *folder;
	int64_t offsets[FILES];
	char *data[FILES];
};

/* What unzip_entry has given; stop_at: it is told to end there. */
struct taken {
	char *data;
	size_t length, stop_at;
};

static bool
keep(void *context, const char *data, size_t length)
{
	struct taken *taken = context;

	assert_true(taken->length + length <= LARGE);
	memcpy(taken->data + taken->length, data, length);
	taken->length += length;
	return taken->length < taken->stop_at;
}

static void
put_file(struct archive *archive, const char *name, const char *data, size_t size)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)size);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(archive, data, size), size);
	assert_int_equal(archive_write_finish_entry(archive), ARCHIVE_OK);
	archive_entry_free(entry);
}

static int
scene_setup(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);
	struct archive *archive = archive_write_new();
	uint64_t seed = 1;
	int fd;

	if (scene == NULL || folder_setup((void **)&scene->folder) != 0)
		return -1;
	fd = openat(scene->folder->fd, "zip", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(archive_write_set_format_zip(archive), ARCHIVE_OK);
	assert_int_equal(archive_write_open_fd(archive, fd), ARCHIVE_OK);
	for (int i = 0; i < FILES; i++) {
		scene->data[i] = malloc(sizes[i] + 1);
		for (size_t at = 0; at < sizes[i]; at++)
			scene->data[i][at] = (char)chance(&seed, i == 2 ? 256 : 16);
		scene->offsets[i] = archive_filter_bytes(archive, 0);
		put_file(archive, names[i], scene->data[i], sizes[i]);
	}
	assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	archive_write_free(archive);
	(void)close(fd);
	*state = scene;
	return 0;
}

static int
scene_teardown(void **state)
{
	struct scene *scene = *state;
	int result = folder_teardown((void **)&scene->folder);

	for (int i = 0; i < FILES; i++)
		free(scene->data[i]);
	free(scene);
	return result;
}

static int
open_zip(const struct scene *scene)
{
	int fd = openat(scene->folder->fd, "zip", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void
test_any_range_of_any_file_comes_back(void **state)
{
	static const struct {
		int file;
		int64_t first, length;
	} rows[] = {
		{ 0, 0, 5 },
		{ 0, 4, 1 },
		{ 0, 2, 0 },
		{ 1, 0, 0 },
		{ 2, 0, 70000 },
		{ 2, 69999, 1 },
		{ 3, 0, LARGE },
		{ 3, 0, 1 },
		{ 3, 262143, 2 },
		{ 3, 262144, 262144 },
		{ 3, 1000000, 1500000 },
		{ 3, LARGE - 1, 1 },
		{ 4, 0, 5 }, /* a name that libarchive takes for a folder's */
		{ 4, 3, 1 },
	};
	const struct scene *scene = *state;
	cleanup_close int zip = open_zip(scene);
	struct taken taken = { .data = malloc(LARGE), .stop_at = SIZE_MAX };
	struct error err;
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *wanted = scene->data[rows[i].file] + rows[i].first;

		taken.length = 0;
		must(unzip_entry(zip, scene->offsets[rows[i].file], rows[i].first, rows[i].length,
			 keep, &taken, &err),
		    &err);
		row_check(failed,
		    taken.length == (size_t)rows[i].length &&
			memcmp(taken.data, wanted, taken.length) == 0,
		    "%lld bytes from %lld of '%s'", (long long)rows[i].length,
		    (long long)rows[i].first, names[rows[i].file]);
	}
	free(taken.data);
	rows_end(failed);
}

static void
test_it_ends_where_nobody_takes_more(void **state)
{
	const struct scene *scene = *state;
	cleanup_close int zip = open_zip(scene);
	struct taken taken = { .data = malloc(LARGE), .stop_at = 100000 };
	struct error err;

	must(unzip_entry(zip, scene->offsets[3], 0, LARGE, keep, &taken, &err), &err);
	assert_true(taken.length >= 100000 && taken.length < LARGE);
	assert_memory_equal(taken.data, scene->data[3], taken.length);
	free(taken.data);
}

/* What is there must be right, and there is never more than was asked for. */
static void
test_damaged_zip_is_an_error(void **state)
{
	static const struct {
		const char *what;
		int file;
		int64_t at;   /* behind the file's header: this byte is changed */
		int64_t cut;  /* the zip ends there, behind the file's header */
		int64_t move; /* the offset is wrong by this */
		int64_t more; /* bytes are asked for beyond the file's end */
	} rows[] = {
		{ "the header's first byte", 3, 0, -1, 0, 0 },
		{ "how it is packed", 3, 8, -1, 0, 0 },
		{ "the length of the name", 3, 27, -1, 0, 0 },
		{ "packed bytes", 3, 5000, -1, 0, 0 },
		{ "the zip ends in the header", 3, -1, 20, 0, 0 },
		{ "the zip ends in the name", 3, -1, 31, 0, 0 },
		{ "the zip ends in the file", 3, -1, 100000, 0, 0 },
		{ "the zip ends before it", 3, -1, -5, 0, 0 },
		{ "another offset", 2, -1, -1, 1, 0 },
		{ "what stands behind the former file", 2, -1, -1, -16, 0 },
		{ "an offset before the zip", 0, -1, -1, -1, 0 },
		{ "an offset far behind the zip", 0, -1, -1, INT64_MAX / 2, 0 },
		{ "a file that is shorter than the list says", 0, -1, -1, 0, 1 },
		{ "an empty file of which the list says more", 1, -1, -1, 0, 1 },
	};
	const struct scene *scene = *state;
	struct taken taken = { .data = malloc(LARGE), .stop_at = SIZE_MAX };
	size_t length;
	cleanup_free char *whole = file_get(scene->folder->fd, "zip", &length);
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t offset = scene->offsets[rows[i].file];
		int64_t asked = (int64_t)sizes[rows[i].file] + rows[i].more;
		struct error err = { 0 };
		cleanup_close int zip = -1;
		bool done;

		file_put(scene->folder->fd, "zip", whole, length);
		zip = open_zip(scene);
		if (rows[i].at >= 0) {
			char changed = (char)(whole[offset + rows[i].at] ^ 0x55);

			assert_int_equal(pwrite(zip, &changed, 1, offset + rows[i].at), 1);
		}
		if (rows[i].cut != -1)
			assert_int_equal(ftruncate(zip, offset + rows[i].cut), 0);
		taken.length = 0;
		done = unzip_entry(zip, offset + rows[i].move, 0, asked, keep, &taken, &err);
		row_check(failed, !done && err.kind == ERROR_SYSTEM, "%s: %s", rows[i].what,
		    err.text);
		row_check(failed, taken.length <= sizes[rows[i].file], "%s", rows[i].what);
	}
	free(taken.data);
	rows_end(failed);
}

/* Each of the first bytes, in each of its bits: an error or not, it neither crashes nor hangs. */
static void
test_no_bit_of_a_header_makes_it_crash(void **state)
{
	const struct scene *scene = *state;
	cleanup_close int zip = open_zip(scene);
	struct taken taken = { .data = malloc(LARGE), .stop_at = SIZE_MAX };
	int64_t offset = scene->offsets[2];

	for (int64_t bit = 0; bit < 8 * 128; bit++) {
		struct error err;
		char byte, changed;

		assert_int_equal(pread(zip, &byte, 1, offset + bit / 8), 1);
		changed = (char)(byte ^ (1 << bit % 8));
		assert_int_equal(pwrite(zip, &changed, 1, offset + bit / 8), 1);
		taken.length = 0;
		(void)unzip_entry(zip, offset, 0, 70000, keep, &taken, &err);
		assert_true(taken.length <= 70000);
		assert_int_equal(pwrite(zip, &byte, 1, offset + bit / 8), 1);
	}
	free(taken.data);
}

#define test(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_any_range_of_any_file_comes_back),
		test(test_it_ends_where_nobody_takes_more),
		test(test_damaged_zip_is_an_error),
		test(test_no_bit_of_a_header_makes_it_crash),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8"); /* as program.c; libarchive converts names by it */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
