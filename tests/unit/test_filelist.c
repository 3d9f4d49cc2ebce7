/*
 * The files that a command sends: their names, and what cannot be sent.
 */
#include "support.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "filelist.h"

/* The tests run in their folder, as the program does in the user's. */
static int
scene_setup(void **state)
{
	struct folder *folder;

	if (folder_setup(state) != 0)
		return -1;
	folder = *state;
	assert_int_equal(fchdir(folder->fd), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(mkdirat(folder->fd,
				     (const char *const[]){
					 "data", "data/sub", "data/sub/deep", "other" }[i],
				     0755),
		    0);
	file_put(folder->fd, "a.csv", "12345", 5);
	file_put(folder->fd, "data/b b.csv", "123", 3);
	file_put(folder->fd, "data/sub/c\"\\%.csv", "1", 1);
	file_put(folder->fd, "data/sub/deep/empty", "", 0);
	file_put(folder->fd, "other/a.csv", "1", 1);
	return 0;
}

static int
scene_teardown(void **state)
{
	return chdir("/") == 0 ? folder_teardown(state) : -1;
}

/* The names of the list, each with a newline after it, or the error. The caller frees it. */
static char *
names_of(struct filelist *list, const char *const *arguments, struct error *err)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	bool done = true;

	assert_non_null(to);
	for (; done && *arguments != NULL; arguments++)
		done = filelist_add(list, *arguments, err);
	done = done && filelist_finish(list, err);
	for (size_t i = 0; done && i < list->count; i++)
		fprintf(to, "%s\n", filelist_name(list, i));
	if (!done)
		fputs(err->text, to);
	assert_int_equal(fclose(to), 0);
	return text;
}

static void
test_names_are_relative_to_what_the_argument_names(void **state)
{
	static const struct {
		const char *arguments[4];
		const char *names;
	} rows[] = {
		{ { "a.csv" }, "a.csv\n" },
		{ { "./a.csv" }, "a.csv\n" },
		{ { "data/b b.csv" }, "b b.csv\n" },
		{ { "data" }, "data/b b.csv\ndata/sub/c\"\\%.csv\ndata/sub/deep/empty\n" },
		{ { "data/" }, "data/b b.csv\ndata/sub/c\"\\%.csv\ndata/sub/deep/empty\n" },
		{ { "data///" }, "data/b b.csv\ndata/sub/c\"\\%.csv\ndata/sub/deep/empty\n" },
		{ { "data/sub" }, "sub/c\"\\%.csv\nsub/deep/empty\n" },
		{ { "data/." }, "b b.csv\nsub/c\"\\%.csv\nsub/deep/empty\n" },
		{ { "data/sub/.." }, "b b.csv\nsub/c\"\\%.csv\nsub/deep/empty\n" },
		{ { "." },
		    "a.csv\ndata/b b.csv\ndata/sub/c\"\\%.csv\ndata/sub/deep/empty\nother/a.csv\n" },
		{ { "./" },
		    "a.csv\ndata/b b.csv\ndata/sub/c\"\\%.csv\ndata/sub/deep/empty\nother/a.csv\n" },
		{ { "a.csv", "other" }, "a.csv\nother/a.csv\n" },
		{ { "missing" }, "read 'missing': No such file or directory" },
		{ { "a.csv/" }, "read 'a.csv/': Not a directory" },
		{ { "" }, "read '': No such file or directory" },
		{ { "a.csv", "other/a.csv" },
		    "two files would have the name 'a.csv': 'a.csv' and 'other/a.csv'; send them in "
		    "folders of different names" },
		{ { "a.csv", "a.csv" },
		    "two files would have the name 'a.csv': 'a.csv' and 'a.csv'; send them in folders "
		    "of different names" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_filelist struct filelist list = { 0 };
		struct error err;
		cleanup_free char *names = names_of(&list, rows[i].arguments, &err);

		row_check(failed, strcmp(names, rows[i].names) == 0, "'%s' gives:\n%s",
		    rows[i].arguments[0], names);
	}
	rows_end(failed);
}

static void
test_file_with_the_name_of_a_folder_is_found_between_its_neighbours(void **state)
{
	const struct folder *folder = *state;
	cleanup_filelist struct filelist list = { 0 };
	struct error err;
	cleanup_free char *names = NULL;

	assert_int_equal(mkdirat(folder->fd, "other/data", 0755), 0);
	file_put(folder->fd, "other/data/x", "", 0);
	file_put(folder->fd, "other/data b", "", 0);
	file_put(folder->fd, "other/data-c", "", 0);
	assert_int_equal(mkdirat(folder->fd, "more", 0755), 0);
	file_put(folder->fd, "more/data", "", 0);
	names = names_of(&list, (const char *const[]){ "other/.", "more/data", NULL }, &err);
	assert_string_equal(names,
	    "'data' would be a file and a folder: 'more/data' and 'other/./data/x'; rename one of "
	    "them");
}

static void
test_sizes_and_times_are_those_of_the_files(void **state)
{
	cleanup_filelist struct filelist list = { 0 };
	struct error err;
	struct stat st;

	(void)state;
	must(filelist_add(&list, "a.csv", &err) && filelist_add(&list, "data", &err) &&
		filelist_finish(&list, &err),
	    &err);
	assert_int_equal(list.size, 9);
	assert_int_equal(list.count, 4);
	assert_string_equal(filelist_path(&list, 0), "a.csv");
	assert_int_equal(list.entries[0].size, 5);
	assert_int_equal(stat("a.csv", &st), 0);
	assert_int_equal(list.entries[0].time.tv_nsec, st.st_mtim.tv_nsec);
	assert_true(filelist_has(&list, "data/b b.csv"));
	assert_true(filelist_has(&list, "a.csv"));
	assert_false(filelist_has(&list, "data"));
	assert_false(filelist_has(&list, "z"));
}

static void
test_links_are_refused_followed_or_skipped(void **state)
{
	static const struct {
		const char *target;
		const char *refused, *followed; /* the end of the error, or the list of names */
		bool skips;
	} rows[] = {
		{ "a.csv", "--links skip leaves it out", "in/link\n", true },
		{ "data/sub", "--links skip leaves it out",
		    "in/link/c\"\\%.csv\nin/link/deep/empty\n", true },
		{ "missing", "--links skip leaves it out",
		    "'in/link' is a symbolic link that leads to nothing: remove it, or use --links skip",
		    true },
		{ "in", "--links skip leaves it out",
		    "'in/link' is a symbolic link to a folder that contains it: use --links skip",
		    true },
		{ "in/link", "--links skip leaves it out",
		    "'in/link' is a symbolic link that leads in a circle: remove it, or use --links skip",
		    true },
		{ "fifo", "--links skip leaves it out",
		    "'in/link' is a FIFO: only files and folders can be sent", true },
	};
	const struct folder *folder = *state;
	static const char *const arguments[] = { "in", NULL };
	int failed = 0;

	assert_int_equal(mkdirat(folder->fd, "in", 0755), 0);
	assert_int_equal(mkfifoat(folder->fd, "fifo", 0600), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_filelist struct filelist refuse = { 0 };
		cleanup_filelist struct filelist follow = { .links = FILELIST_LINKS_FOLLOW };
		cleanup_filelist struct filelist skip = { .links = FILELIST_LINKS_SKIP };
		cleanup_free char *target = NULL, *refused = NULL, *followed = NULL,
				  *skipped = NULL;
		char remark[128];
		struct error err;

		assert_true(asprintf(&target, "%s/%s", folder->path, rows[i].target) > 0);
		assert_int_equal(symlinkat(target, folder->fd, "in/link"), 0);
		refused = names_of(&refuse, arguments, &err);
		followed = names_of(&follow, arguments, &err);
		skipped = names_of(&skip, arguments, &err);
		row_check(failed, strstr(refused, rows[i].refused) != NULL, "%s: %s",
		    rows[i].target, refused);
		row_check(failed, strcmp(followed, rows[i].followed) == 0, "%s: %s", rows[i].target,
		    followed);
		row_check(failed, strcmp(skipped, "") == 0 && skip.skipped_links == 1, "%s: %s",
		    rows[i].target, skipped);
		row_check(failed,
		    filelist_remark(&skip, remark, sizeof remark) &&
			strcmp(remark, "1 symbolic link is not sent") == 0,
		    "%s", remark);
		assert_int_equal(unlinkat(folder->fd, "in/link", 0), 0);
	}
	rows_end(failed);
}

static void
test_argument_that_is_a_link_is_followed(void **state)
{
	const struct folder *folder = *state;
	static const char *const arguments[] = { "file", "tree", NULL };
	cleanup_filelist struct filelist list = { 0 };
	struct error err;
	cleanup_free char *names = NULL;

	assert_int_equal(symlinkat("a.csv", folder->fd, "file"), 0);
	assert_int_equal(symlinkat("data/sub/deep", folder->fd, "tree"), 0);
	names = names_of(&list, arguments, &err);
	assert_string_equal(names, "file\ntree/empty\n");
}

static void
test_what_is_no_file_is_refused_by_name(void **state)
{
	const struct folder *folder = *state;
	static const struct {
		const char *argument, *error;
	} rows[] = {
		{ "fifo", "'fifo' is a FIFO: only files and folders can be sent" },
		{ "data", "'data/socket' is a socket: only files and folders can be sent" },
		{ "/dev/null", "'/dev/null' is a device: only files and folders can be sent" },
	};
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "data/socket" };
	int failed = 0, fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	(void)close(fd);
	assert_int_equal(mkfifoat(folder->fd, "fifo", 0600), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_filelist struct filelist list = { 0 };
		struct error err;
		bool added = filelist_add(&list, rows[i].argument, &err);

		row_check(failed, !added && strcmp(err.text, rows[i].error) == 0, "%s: %s",
		    rows[i].argument, err.text);
	}
	rows_end(failed);
}

static void
test_names_that_the_server_refuses_are_refused_before(void **state)
{
	const struct folder *folder = *state;
	static const struct {
		const char *name, *error;
	} rows[] = {
		{ "line\nfeed",
		    "'line?feed' cannot be sent: a file's name contains a control character; rename the "
		    "file" },
		{ "caf\xe9.csv",
		    "'caf?.csv' cannot be sent: a file's name is not valid UTF-8; rename the file" },
	};
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_filelist struct filelist list = { 0 };
		struct error err;
		bool added;

		file_put(folder->fd, rows[i].name, "", 0);
		added = filelist_add(&list, rows[i].name, &err);
		row_check(failed, !added && strcmp(err.text, rows[i].error) == 0, "%s", err.text);
	}
	rows_end(failed);
}

static void
test_folders_without_end_are_refused(void **state)
{
	const struct folder *folder = *state;
	cleanup_filelist struct filelist list = { 0 };
	cleanup_close int at = dup(folder->fd);
	struct error err;

	for (int i = 0; i < 100; i++) {
		int below;

		assert_int_equal(mkdirat(at, "d", 0755), 0);
		below = openat(at, "d", O_RDONLY | O_DIRECTORY);
		(void)close(at);
		at = below;
	}
	assert_false(filelist_add(&list, "d", &err));
	assert_non_null(strstr(err.text, "lies too deep in folders"));
}

static void
test_empty_folders_are_counted(void **state)
{
	const struct folder *folder = *state;
	cleanup_filelist struct filelist list = { .links = FILELIST_LINKS_SKIP };
	struct error err;
	char remark[128];

	assert_int_equal(mkdirat(folder->fd, "other/e1", 0755), 0);
	assert_int_equal(mkdirat(folder->fd, "other/e2", 0755), 0);
	must(filelist_add(&list, "other", &err), &err);
	assert_int_equal(list.count, 1);
	assert_true(filelist_remark(&list, remark, sizeof remark));
	assert_string_equal(remark, "2 empty folders are not sent");
	assert_int_equal(symlinkat("a.csv", folder->fd, "other/l"), 0);
	must(filelist_add(&list, "other", &err), &err);
	assert_true(filelist_remark(&list, remark, sizeof remark));
	assert_string_equal(remark, "1 symbolic link and 4 empty folders are not sent");
}

static void
test_words_of_the_option_links(void **state)
{
	enum filelist_links links = FILELIST_LINKS_SKIP;
	struct error err;

	(void)state;
	must(filelist_read_links("refuse", &links, &err), &err);
	assert_int_equal(links, FILELIST_LINKS_REFUSE);
	must(filelist_read_links("follow", &links, &err), &err);
	assert_int_equal(links, FILELIST_LINKS_FOLLOW);
	must(filelist_read_links("skip", &links, &err), &err);
	assert_int_equal(links, FILELIST_LINKS_SKIP);
	assert_false(filelist_read_links("yes", &links, &err));
	assert_int_equal(links, FILELIST_LINKS_SKIP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names_are_relative_to_what_the_argument_names,
		    scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(
		    test_file_with_the_name_of_a_folder_is_found_between_its_neighbours,
		    scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(test_sizes_and_times_are_those_of_the_files,
		    scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(test_links_are_refused_followed_or_skipped,
		    scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(test_argument_that_is_a_link_is_followed,
		    scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(test_what_is_no_file_is_refused_by_name,
		    scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(
		    test_names_that_the_server_refuses_are_refused_before, scene_setup,
		    scene_teardown),
		cmocka_unit_test_setup_teardown(test_folders_without_end_are_refused, scene_setup,
		    scene_teardown),
		cmocka_unit_test_setup_teardown(test_empty_folders_are_counted, scene_setup,
		    scene_teardown),
		cmocka_unit_test(test_words_of_the_option_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
