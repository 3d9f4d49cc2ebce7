/*
 * What a backup takes of a folder.
 * The functions that walk it are static: the file is included.
 */
#include "support.h"

#include "daemon/ctl/backup.c"

#include "seam_readdir.h"

/* What the program's main file has, and nothing here calls. */
bool
ctl_open(const struct ctl *ctl, struct spool *spool, struct database *db, struct error *err)
{
	(void)ctl;
	(void)spool;
	(void)db;
	return error_set(err, ERROR_SYSTEM, "not in this test");
}

int
ctl_failed(const struct error *err)
{
	(void)err;
	return EXIT_FAILED;
}

/* Packs the folder "context" of the test's folder; its manifest without the sums, on success. */
static bool
pack_context(const struct folder *folder, char names[static 1024], struct error *err)
{
	char block[BLOCK];
	struct pack pack = {
		.archive = archive_write_new(),
		.entry = archive_entry_new(),
		.block = block,
		.err = err,
	};
	char *line, *rest;
	bool done;

	assert_int_equal(archive_write_set_format_pax(pack.archive), ARCHIVE_OK);
	assert_int_equal(archive_write_open_filename(pack.archive, "/dev/null"), ARCHIVE_OK);
	done = backup_put_folder(&pack, folder->fd, "context", "builds/1/context", 0);
	names[0] = '\0';
	rest = pack.manifest.text;
	for (size_t end = 0; done && end < pack.manifest.length; end += strlen(line) + 1) {
		line = strsep(&rest, "\n");
		strcat(strcat(names, strrchr(line, ' ') + 1), "|");
	}
	manifest_clear(&pack.manifest);
	archive_entry_free(pack.entry);
	archive_write_free(pack.archive);
	return done;
}

static void
make_context(const struct folder *folder)
{
	assert_int_equal(mkdirat(folder->fd, "context", 0755), 0);
	assert_int_equal(mkdirat(folder->fd, "context/sub", 0755), 0);
	file_put(folder->fd, "context/sub/file", "x", 1);
}

static void
test_folder_is_packed_also_where_its_filesystem_tells_no_types(void **state)
{
	const struct folder *folder = *state;
	struct error err;
	char names[1024];

	make_context(folder);
	for (int unknown = 0; unknown <= 1; unknown++) {
		seam_readdir.unknown = unknown != 0;
		must(pack_context(folder, names, &err), &err);
		assert_string_equal(names,
		    "builds/1/context/|builds/1/context/sub/|builds/1/context/sub/file|");
	}
	seam_readdir.unknown = false;
}

static void
test_folder_that_cannot_be_read_to_its_end_fails_the_backup(void **state)
{
	const struct folder *folder = *state;
	struct error err = { .kind = ERROR_NONE };
	char names[1024];
	bool done;

	make_context(folder);
	seam_readdir.fails = true;
	done = pack_context(folder, names, &err);
	seam_readdir.fails = false;
	assert_false(done);
	assert_string_equal(err.text, "read 'builds/1/context/sub': Input/output error");
}

#define test(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_folder_is_packed_also_where_its_filesystem_tells_no_types),
		test(test_folder_that_cannot_be_read_to_its_end_fails_the_backup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
