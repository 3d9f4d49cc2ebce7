/*
 * An outbox that becomes a zip, read back with libarchive.
 */
#include "clock.h"
#include "support.h"

#include <archive.h>
#include <archive_entry.h>
#include <grp.h>
#include <locale.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>

#include "daemon/spooler/collect.h"
#include "seam_readdir.h"

#define ENTRIES_MOST 1000

static bool reading_ends;

/* In place of the C library's, for the whole program. */
ssize_t
read(int fd, void *to, size_t length)
{
	return reading_ends ? 0 : (ssize_t)syscall(SYS_read, fd, to, length);
}

/* A state directory, an outbox, and what was read back of the zip. */
struct scene {
	struct folder *folder;
	struct spool spool;
	int outbox;
	struct collect_remarks remarks;
	struct entry {
		char *name;
		unsigned mode; /* with its type */
		char *data;
		size_t length;
		char *target; /* of a link; NULL: it is none */
	} entries[ENTRIES_MOST];
	size_t count;
	struct error err;
};

/* Without a limit, and to the end. */
static bool
collect_as(struct spool *spool, int outbox, const char *name, int64_t attempt,
    struct collect_remarks *remarks, struct error *err)
{
	const atomic_bool stop = false;
	const struct collect collect = { spool, outbox, name, attempt, INT64_MAX, &stop, remarks };

	return collect_outbox(&collect, err);
}

static int
scene_setup(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);
	struct config config = { .web_server_group = getgrgid(getgid())->gr_name };

	if (scene == NULL || folder_setup((void **)&scene->folder) != 0)
		return -1;
	config.state_dir = scene->folder->path;
	if (!spool_open(&scene->spool, &config, true, &scene->err) ||
	    mkdirat(scene->folder->fd, "outbox", 0777) < 0)
		return -1;
	scene->outbox = openat(scene->folder->fd, "outbox", O_RDONLY | O_DIRECTORY);
	*state = scene;
	return 0;
}

static void
entries_clear(struct scene *scene)
{
	for (size_t i = 0; i < scene->count; i++) {
		free(scene->entries[i].name);
		free(scene->entries[i].data);
		free(scene->entries[i].target);
	}
	scene->count = 0;
}

static int
scene_teardown(void **state)
{
	struct scene *scene = *state;
	int result;

	entries_clear(scene);
	collect_remarks_clear(&scene->remarks);
	(void)close(scene->outbox);
	spool_close(&scene->spool);
	result = folder_teardown((void **)&scene->folder);
	free(scene);
	return result;
}

static void
read_zip(struct scene *scene, const char *name)
{
	struct archive *zip = archive_read_new();
	struct archive_entry *entry;
	char path[256];
	int result;

	entries_clear(scene);
	snprintf(path, sizeof path, "%s/results/%s", scene->folder->path, name);
	assert_int_equal(archive_read_support_format_zip(zip), ARCHIVE_OK);
	assert_int_equal(archive_read_open_filename(zip, path, 65536), ARCHIVE_OK);
	while ((result = archive_read_next_header(zip, &entry)) == ARCHIVE_OK) {
		struct entry *to = &scene->entries[scene->count++];
		la_ssize_t got;

		assert_true(scene->count < ENTRIES_MOST);
		to->name = strdup(archive_entry_pathname_utf8(entry));
		to->mode = archive_entry_mode(entry);
		to->target = archive_entry_symlink_utf8(entry) != NULL
		    ? strdup(archive_entry_symlink_utf8(entry))
		    : NULL;
		to->length = (size_t)archive_entry_size(entry);
		to->data = malloc(to->length + 1);
		got = archive_read_data(zip, to->data, to->length + 1);
		assert_int_equal(got, to->length);
		to->data[to->length] = '\0';
	}
	if (result != ARCHIVE_EOF)
		fail_msg("%s", archive_error_string(zip));
	archive_read_free(zip);
}

static void
collect(struct scene *scene)
{
	collect_remarks_clear(&scene->remarks);
	must(collect_as(&scene->spool, scene->outbox, "token", 1, &scene->remarks, &scene->err),
	    &scene->err);
	read_zip(scene, "token.zip");
}

static const struct entry *
entry_find(const struct scene *scene, const char *name)
{
	for (size_t i = 0; i < scene->count; i++)
		if (strcmp(scene->entries[i].name, name) == 0)
			return &scene->entries[i];
	return NULL;
}

static const struct entry *
entry_of(const struct scene *scene, const char *name)
{
	const struct entry *entry = entry_find(scene, name);

	if (entry != NULL)
		return entry;
	print_error("not in the zip: %s\n", name);
	for (size_t i = 0; i < scene->count; i++)
		print_error("    %s\n", scene->entries[i].name);
	fail();
	return NULL;
}

static void
file_with_mode(int dir, const char *name, const char *text, mode_t mode)
{
	file_put(dir, name, text, strlen(text));
	assert_int_equal(fchmodat(dir, name, mode, 0), 0);
}

static void
test_empty_outbox_gives_an_empty_zip(void **state)
{
	struct scene *scene = *state;

	collect(scene);
	assert_int_equal(scene->count, 0);
	assert_int_equal(scene->remarks.count, 0);
	assert_int_equal(file_mode(scene->spool.results, "token.zip"), 0640);
	assert_false(file_exists(scene->spool.incoming, "token.zip"));
}

static void
test_files_and_folders_keep_names_contents_and_permissions(void **state)
{
	static const struct {
		const char *name;
		mode_t mode;
		const char *text; /* NULL: a folder */
	} rows[] = {
		{ "a.txt", 0644, "hello\n" },
		{ "empty", 0600, "" },
		{ "run.sh", 0755, "#!/bin/sh\n" },
		{ "secret", 0000, "s" },
		{ "sub", 0755, NULL },
		{ "sub/b", 0640, "b" },
		{ "sub/deeper", 0700, NULL },
		{ "sub/deeper/c", 0444, "c" },
		{ "hollow", 0750, NULL },
		{ "a b;c&d", 0644, "x" },
		{ "caf\xc3\xa9.txt", 0644, "x" },
		{ "\xe6\xbc\xa2\xe5\xad\x97", 0755, NULL },
		{ "\xe6\xbc\xa2\xe5\xad\x97/\xf0\x9f\x98\x80", 0644, "x" },
		{ "-rf", 0644, "x" },
		{ ".hidden", 0644, "x" },
	};
	struct scene *scene = *state;
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].text != NULL)
			file_with_mode(scene->outbox, rows[i].name, rows[i].text, rows[i].mode);
		else
			assert_int_equal(mkdirat(scene->outbox, rows[i].name, rows[i].mode) +
				fchmodat(scene->outbox, rows[i].name, rows[i].mode, 0),
			    0);
	/* A file of no permissions is the spooler's to read by its capabilities; here only as root.
	 */
	if (geteuid() != 0)
		assert_int_equal(fchmodat(scene->outbox, "secret", 0400, 0), 0);
	collect(scene);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char name[64];
		const struct entry *entry;
		unsigned mode = rows[i].mode;

		snprintf(name, sizeof name, "%s%s", rows[i].name, rows[i].text != NULL ? "" : "/");
		entry = entry_of(scene, name);
		if (strcmp(name, "secret") == 0)
			mode = file_mode(scene->outbox, name);
		row_check(failed, (entry->mode & 07777) == mode, "%s: mode %o", name, entry->mode);
		row_check(failed, S_ISDIR(entry->mode) == (rows[i].text == NULL), "%s: mode %o",
		    name, entry->mode);
		row_check(failed,
		    rows[i].text == NULL ||
			(entry->length == strlen(rows[i].text) &&
			    strcmp(entry->data, rows[i].text) == 0),
		    "%s: '%s'", name, entry->data);
	}
	row_check(failed, scene->count == COUNT(rows), "%zu entries", scene->count);
	row_check(failed, scene->remarks.count == 0, "%zu remarks", scene->remarks.count);
	rows_end(failed);
}

static void
test_large_file_comes_back_byte_by_byte(void **state)
{
	struct scene *scene = *state;
	const size_t length = 700001;
	cleanup_free char *data = malloc(length);
	uint64_t seed = 1;

	for (size_t i = 0; i < length; i++)
		data[i] = (char)chance(&seed, 256);
	file_put(scene->outbox, "large", data, length);
	collect(scene);
	assert_int_equal(entry_of(scene, "large")->length, length);
	assert_memory_equal(entry_of(scene, "large")->data, data, length);
}

static void
test_what_is_neither_file_nor_folder_is_left_out_and_named(void **state)
{
	struct scene *scene = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	cleanup_close int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	bool device;

	assert_int_equal(symlinkat("/etc/passwd", scene->outbox, "to-file"), 0);
	assert_int_equal(symlinkat("/etc", scene->outbox, "to-folder"), 0);
	assert_int_equal(mkfifoat(scene->outbox, "fifo", 0666), 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s/outbox/sock", scene->folder->path);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	device = mknodat(scene->outbox, "null", S_IFCHR | 0666, makedev(1, 3)) == 0;
	file_put(scene->outbox, "kept", "x", 1);
	collect(scene);
	assert_int_equal(scene->count, 1);
	assert_string_equal(entry_of(scene, "kept")->data, "x");
	assert_int_equal(scene->remarks.count, device ? 5 : 4);
	for (size_t i = 0; i < scene->remarks.count; i++) {
		static const char *const expected[] = {
			"left out of the results: to-file (a symbolic link that is not a relative path within /outbox)",
			"left out of the results: to-folder (a symbolic link that is not a relative path within /outbox)",
			"left out of the results: fifo (a FIFO)",
			"left out of the results: sock (a socket)",
			"left out of the results: null (a device)"
		};
		bool known = false;

		for (size_t e = 0; e < COUNT(expected); e++)
			known = known || strcmp(scene->remarks.texts[i], expected[e]) == 0;
		if (!known)
			fail_msg("%s", scene->remarks.texts[i]);
	}
}

static void
test_link_within_the_outbox_is_kept_as_a_link(void **state)
{
	static const struct {
		const char *link, *target;
		const char *data; /* that the zip has as its target; NULL: left out */
	} rows[] = {
		{ "latest", "run1", "run1" },
		{ "dot", "./run1/file", "./run1/file" },
		{ "run1/up", "../file", "../file" },
		{ "run1/deep/blob", "../../blobs/x", "../../blobs/x" },
		{ "dangling", "nowhere", "nowhere" },
		{ "bytes", "a\xff", "a%FF" },
		{ "escape", "../x", NULL },
		{ "run1/escape", "../../x", NULL },
		{ "absolute", "/outbox/run1", NULL },
		{ "through", "run1/../file", NULL },
		{ "loop", ".", NULL },
		{ "run1/loop", "..", NULL },
	};
	struct scene *scene = *state;
	size_t kept = 0;
	int failed = 0;

	assert_int_equal(mkdirat(scene->outbox, "run1", 0755), 0);
	assert_int_equal(mkdirat(scene->outbox, "run1/deep", 0755), 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(symlinkat(rows[i].target, scene->outbox, rows[i].link), 0);
	collect(scene);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct entry *entry = entry_find(scene, rows[i].link);

		row_check(failed, (entry != NULL) == (rows[i].data != NULL), "%s", rows[i].link);
		if (entry != NULL)
			row_check(failed,
			    S_ISLNK(entry->mode) && entry->target != NULL &&
				strcmp(entry->target, rows[i].data) == 0,
			    "%s: %o '%s'", rows[i].link, entry->mode, entry->target);
		kept += entry != NULL;
	}
	row_check(failed, scene->count == kept + 2, "%zu entries", scene->count);
	row_check(failed, scene->remarks.count == COUNT(rows) - kept, "%zu remarks",
	    scene->remarks.count);
	rows_end(failed);
}

static void
test_names_that_windows_cannot_hold_are_kept_and_named_in_one_line(void **state)
{
	struct scene *scene = *state;

	file_put(scene->outbox, "good", "1", 1);
	file_put(scene->outbox, "10:15.log", "2", 1);
	assert_int_equal(mkdirat(scene->outbox, "d", 0755), 0);
	file_put(scene->outbox, "d/aux.c", "3", 1);
	assert_int_equal(symlinkat("/x", scene->outbox, "left?out"), 0);
	collect(scene);
	assert_string_equal(entry_of(scene, "10:15.log")->data, "2");
	assert_string_equal(entry_of(scene, "d/aux.c")->data, "3");
	assert_int_equal(scene->remarks.count, 2);
	assert_non_null(strstr(scene->remarks.texts[1],
	    "names in the results that Windows cannot hold: "));
	assert_non_null(strstr(scene->remarks.texts[1], "10:15.log"));
	assert_non_null(strstr(scene->remarks.texts[1], "d/aux.c"));
	assert_null(strstr(scene->remarks.texts[1], "left?out"));
}

static void
test_only_the_first_ten_names_for_windows_are_named(void **state)
{
	struct scene *scene = *state;

	for (int i = 0; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof name, "%d?", i);
		file_put(scene->outbox, name, "x", 1);
		snprintf(name, sizeof name, "link%d", i);
		assert_int_equal(symlinkat("/x", scene->outbox, name), 0);
	}
	collect(scene);
	assert_int_equal(scene->remarks.count, COLLECT_REMARKS_MOST + 1);
	assert_non_null(strstr(scene->remarks.texts[COLLECT_REMARKS_MOST], " and 290 more"));
}

static void
test_hard_links_go_in_as_files_and_setuid_does_not(void **state)
{
	struct scene *scene = *state;

	file_with_mode(scene->outbox, "one", "same", 06755);
	assert_int_equal(linkat(scene->outbox, "one", scene->outbox, "two", 0), 0);
	collect(scene);
	assert_int_equal(scene->count, 2);
	assert_string_equal(entry_of(scene, "one")->data, "same");
	assert_string_equal(entry_of(scene, "two")->data, "same");
	assert_int_equal(entry_of(scene, "one")->mode, S_IFREG | 0755);
}

static void
test_names_that_are_no_utf8_get_percent_signs(void **state)
{
	struct scene *scene = *state;

	file_put(scene->outbox, "a\xff.txt", "1", 1);
	file_put(scene->outbox, "caf\xe9", "2", 1);
	file_put(scene->outbox, "\xc3\xa9\xc3", "3", 1);
	assert_int_equal(mkdirat(scene->outbox, "d\xfe", 0755), 0);
	file_put(scene->outbox, "d\xfe/x", "4", 1);
	collect(scene);
	assert_string_equal(entry_of(scene, "a%FF.txt")->data, "1");
	assert_string_equal(entry_of(scene, "caf%E9")->data, "2");
	assert_string_equal(entry_of(scene, "\xc3\xa9%C3")->data, "3");
	assert_string_equal(entry_of(scene, "d%FE/x")->data, "4");
}

static void
test_note_is_one_line_whatever_the_name(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(symlinkat("/x", scene->outbox, "a\nb\x1b[31m\x7f"), 0);
	collect(scene);
	assert_int_equal(scene->remarks.count, 1);
	assert_string_equal(scene->remarks.texts[0],
	    "left out of the results: a?b?[31m? (a symbolic link that is not a relative path within /outbox)");
}

static void
test_only_the_first_hundred_left_out_are_named(void **state)
{
	struct scene *scene = *state;

	for (int i = 0; i < COLLECT_REMARKS_MOST + 7; i++) {
		char name[16];

		snprintf(name, sizeof name, "%d", i);
		assert_int_equal(symlinkat("/x", scene->outbox, name), 0);
	}
	collect(scene);
	assert_int_equal(scene->remarks.count, COLLECT_REMARKS_MOST);
	assert_int_equal(scene->remarks.unnamed, 7);
}

static void
test_folders_too_deep_are_left_out_and_named(void **state)
{
	struct scene *scene = *state;
	int at = dup(scene->outbox), depth;

	for (depth = 0; depth < 500; depth++) {
		int below;

		file_put(at, "f", "x", 1);
		assert_int_equal(mkdirat(at, "d", 0755), 0);
		below = openat(at, "d", O_RDONLY | O_DIRECTORY);
		(void)close(at);
		at = below;
	}
	(void)close(at);
	collect(scene);
	assert_in_range(scene->count, 100, 999);
	assert_int_equal(scene->remarks.count, 1);
	assert_non_null(strstr(scene->remarks.texts[0], "folders too deep"));
	assert_int_equal(scene->count % 2,
	    1); /* a file for each folder that went in, and one at the top */
}

static void
test_zip_of_each_attempt_has_another_time(void **state)
{
	struct scene *scene = *state;
	/* Not time(2), whose clock may be a tick behind. */
	int64_t before = clock_now_ms() / MS_PER_S;
	struct stat first, second;

	must(collect_as(&scene->spool, scene->outbox, "a", 1, &scene->remarks, &scene->err),
	    &scene->err);
	must(collect_as(&scene->spool, scene->outbox, "b", 30, &scene->remarks, &scene->err),
	    &scene->err);
	assert_int_equal(fstatat(scene->spool.results, "a.zip", &first, 0), 0);
	assert_int_equal(fstatat(scene->spool.results, "b.zip", &second, 0), 0);
	assert_in_range(first.st_mtim.tv_sec, before + 1, clock_now_ms() / MS_PER_S + 1);
	assert_in_range(second.st_mtim.tv_sec, before + 30, clock_now_ms() / MS_PER_S + 30);
}

static void
test_zip_is_published_whole_or_not_at_all(void **state)
{
	struct scene *scene = *state;
	struct spool broken = scene->spool;

	file_put(scene->outbox, "a", "x", 1);
	broken.results = -1;
	assert_false(collect_as(&broken, scene->outbox, "token", 1, &scene->remarks, &scene->err));
	assert_false(file_exists(scene->spool.incoming, "token.zip"));
	assert_false(file_exists(scene->spool.results, "token.zip"));
	assert_false(collect_as(&scene->spool, -1, "token", 1, &scene->remarks, &scene->err));
	assert_false(file_exists(scene->spool.incoming, "token.zip"));
	assert_false(file_exists(scene->spool.results, "token.zip"));
	/* What a killed spooler left of it is written anew. */
	file_put(scene->spool.incoming, "token.zip",
	    "half a zip that is longer than the new one is, by far", 53);
	collect(scene);
	assert_int_equal(scene->count, 1);
}

static void
test_collecting_again_gives_the_same(void **state)
{
	struct scene *scene = *state;

	file_put(scene->outbox, "a", "x", 1);
	assert_int_equal(symlinkat("/x", scene->outbox, "link"), 0);
	for (int i = 0; i < 2; i++) {
		collect(scene);
		assert_int_equal(scene->count, 1);
		assert_int_equal(scene->remarks.count, 1);
	}
}

static void
test_file_that_ends_early_fails_in_words_of_its_own(void **state)
{
	struct scene *scene = *state;

	file_put(scene->outbox, "file", "text", 4);
	reading_ends = true;
	errno = ENOTEMPTY;
	assert_false(collect_as(&scene->spool, scene->outbox, "token", 1, &scene->remarks,
	    &scene->err));
	reading_ends = false;
	assert_string_equal(scene->err.text,
	    "read 'file' of the outbox: it ended early, since something still writes to it");
}

static void
test_outbox_that_cannot_be_read_to_its_end_fails(void **state)
{
	struct scene *scene = *state;
	bool done;

	file_put(scene->outbox, "file", "text", 4);
	seam_readdir.fails = true;
	done = collect_as(&scene->spool, scene->outbox, "token", 1, &scene->remarks, &scene->err);
	seam_readdir.fails = false;
	assert_false(done);
	assert_non_null(strstr(scene->err.text, "Input/output error"));
}

#define test(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_empty_outbox_gives_an_empty_zip),
		test(test_file_that_ends_early_fails_in_words_of_its_own),
		test(test_outbox_that_cannot_be_read_to_its_end_fails),
		test(test_files_and_folders_keep_names_contents_and_permissions),
		test(test_large_file_comes_back_byte_by_byte),
		test(test_what_is_neither_file_nor_folder_is_left_out_and_named),
		test(test_link_within_the_outbox_is_kept_as_a_link),
		test(test_names_that_windows_cannot_hold_are_kept_and_named_in_one_line),
		test(test_only_the_first_ten_names_for_windows_are_named),
		test(test_hard_links_go_in_as_files_and_setuid_does_not),
		test(test_names_that_are_no_utf8_get_percent_signs),
		test(test_note_is_one_line_whatever_the_name),
		test(test_only_the_first_hundred_left_out_are_named),
		test(test_folders_too_deep_are_left_out_and_named),
		test(test_zip_of_each_attempt_has_another_time),
		test(test_zip_is_published_whole_or_not_at_all),
		test(test_collecting_again_gives_the_same),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8"); /* as program.c; libarchive converts names by it */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
