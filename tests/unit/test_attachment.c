/*
 * The files that are made of attachments, by their names.
 */
#include "support.h"

#include "attachment.h"

#define FIFTY "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define LONG  FIFTY FIFTY FIFTY FIFTY FIFTY "12345" /* 255 bytes */

/* Makes the file, writes its name into it, and gives back what went wrong. */
static enum error_kind
create(const struct folder *folder, const char *name)
{
	struct error err = { .kind = ERROR_NONE };
	cleanup_close int fd = attachment_create(folder->fd, name, &err);

	assert_int_equal(fd >= 0, err.kind == ERROR_NONE);
	if (fd >= 0)
		assert_int_equal(write(fd, name, strlen(name)), strlen(name));
	return err.kind;
}

static void
test_file_is_made_with_its_folders_for_any_user_to_read(void **state)
{
	const struct folder *folder = *state;
	cleanup_free char *text = NULL;
	mode_t before = umask(0077);

	assert_int_equal(create(folder, "a/b/c.txt"), ERROR_NONE);
	assert_int_equal(create(folder, "a/b/d.txt"), ERROR_NONE);
	assert_int_equal(create(folder, "e"), ERROR_NONE);
	(void)umask(before);
	assert_int_equal(file_mode(folder->fd, "a"), 0755);
	assert_int_equal(file_mode(folder->fd, "a/b"), 0755);
	assert_int_equal(file_mode(folder->fd, "a/b/c.txt"), 0755);
	assert_int_equal(file_mode(folder->fd, "e"), 0755);
	text = file_get(folder->fd, "a/b/c.txt", NULL);
	assert_string_equal(text, "a/b/c.txt");
}

static void
test_longest_names_are_made(void **state)
{
	assert_int_equal(create(*state, LONG "/" LONG "/" LONG "/" LONG), ERROR_NONE);
}

static void
test_two_files_that_clash_are_refused(void **state)
{
	static const struct {
		const char *first, *second;
	} rows[] = { { "a", "a" }, { "b", "b/c" }, { "d/e", "d" }, { "f/g", "f/g/h" },
		{ "i/j", "i/j" } };
	const struct folder *folder = *state;
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_free char *text = NULL;

		row_check(failed, create(folder, rows[i].first) == ERROR_NONE, "%s", rows[i].first);
		row_check(failed, create(folder, rows[i].second) == ERROR_INPUT, "%s behind %s",
		    rows[i].second, rows[i].first);
		text = file_get(folder->fd, rows[i].first, NULL);
		row_check(failed, strcmp(text, rows[i].first) == 0, "%s was overwritten",
		    rows[i].first);
	}
	rows_end(failed);
}

static void
test_link_on_the_way_is_not_followed(void **state)
{
	const struct folder *folder = *state;

	assert_int_equal(mkdirat(folder->fd, "elsewhere", 0755), 0);
	assert_int_equal(symlinkat("elsewhere", folder->fd, "link"), 0);
	assert_int_equal(symlinkat("elsewhere/file", folder->fd, "dangling"), 0);
	assert_int_equal(create(folder, "link/file"), ERROR_INPUT);
	assert_int_equal(create(folder, "dangling"), ERROR_INPUT);
	assert_false(file_exists(folder->fd, "elsewhere/file"));
}

static void
test_descriptors_are_given_back(void **state)
{
	const struct folder *folder = *state;
	int before = dup(folder->fd), after;

	(void)close(before);
	for (int i = 0; i < 20; i++) {
		char name[32];

		snprintf(name, sizeof name, "%d/b/c", i / 2);
		(void)create(folder, name);
		(void)create(folder, "0/b/c/d");
	}
	after = dup(folder->fd);
	(void)close(after);
	assert_int_equal(after, before);
}

static void
test_rows_are_read_by_name_and_go_with_their_job(void **state)
{
	struct world *world = *state;
	struct attachments list = { 0 }, read;
	const struct account alice = world_account(world, "alice");

	(void)world_image(world, alice.id);
	(void)world_pipeline(world, alice.id, 1, "continue");
	world_sql(world,
	    "INSERT INTO job (pipeline, account, image, position, network, timeout, grace, memory, cpus,"
	    " pids, disk, attachment_token, created_at)"
	    " VALUES (1, 1, 1, 1, 'none', 1, 1, 1, 1, 1, 1, 't', 1),"
	    " (1, 1, 1, 2, 'none', 1, 1, 1, 1, 1, 1, 'u', 1)");
	must(attachment_add(&list, "b", 2, &world->err), &world->err);
	must(attachment_add(&list, "a/c", INT64_C(5) << 32, &world->err), &world->err);
	for (int i = 0; i < 20; i++) {
		char name[16];

		snprintf(name, sizeof name, "n%02d", i);
		must(attachment_add(&list, name, i, &world->err), &world->err);
	}
	must(attachment_insert(&world->db, 1, &list, &world->err), &world->err);
	must(attachment_list(&world->db, 1, &read, &world->err), &world->err);
	assert_int_equal(read.count, 22);
	assert_string_equal(read.items[0].name, "a/c");
	assert_int_equal(read.items[0].size, INT64_C(5) << 32);
	assert_string_equal(read.items[1].name, "b");
	assert_string_equal(read.items[21].name, "n19");
	attachment_clear(&read);
	must(attachment_list(&world->db, 2, &read, &world->err), &world->err);
	assert_int_equal(read.count, 0);
	assert_false(attachment_insert(&world->db, 1, &list, &world->err)); /* twice */
	world_sql(world, "DELETE FROM job WHERE id = 1");
	assert_int_equal(world_integer(world, "SELECT count(*) FROM attachment"), 0);
	attachment_clear(&list);
	attachment_clear(&list);
}

#define test(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_file_is_made_with_its_folders_for_any_user_to_read),
		test(test_longest_names_are_made),
		test(test_two_files_that_clash_are_refused),
		test(test_link_on_the_way_is_not_followed),
		test(test_descriptors_are_given_back),
		cmocka_unit_test_setup_teardown(test_rows_are_read_by_name_and_go_with_their_job,
		    world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
