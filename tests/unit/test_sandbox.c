/*
 * The files that a job takes over from its sandbox.
 * The function that copies them is static: the file is included.
 */
#include "support.h"

#include <sys/syscall.h>

#include "daemon/spooler/sandbox.c"

static bool takes_half;

/* In place of the C library's, for the whole program. */
ssize_t
write(int fd, const void *data, size_t length)
{
	return (ssize_t)syscall(SYS_write, fd, data,
	    takes_half && length > 1 ? length / 2 : length);
}

static void
test_file_is_copied_whole(void **state)
{
	static const size_t sizes[] = { 0, 1, 1000, 65536, 65537, 200000 };
	const struct folder *folder = *state;
	cleanup_close int to = -1;

	assert_int_equal(mkdirat(folder->fd, "to", 0755), 0);
	to = openat(folder->fd, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		cleanup_free char *data = malloc(sizes[i] + 1), *copied = NULL;
		struct error err;
		size_t length;

		memset(data, 'x', sizes[i]);
		file_put(folder->fd, "hosts", data, sizes[i]);
		takes_half = true;
		must(sandbox_copy_file(folder->fd, to, "hosts", &err), &err);
		takes_half = false;
		copied = file_get(to, "hosts", &length);
		assert_int_equal(length, sizes[i]);
	}
}

static void
test_setting_and_engine_say_whether_there_are_sandboxes(void **state)
{
	static const struct {
		const char *setting;
		bool podman;
		const char *version;
		bool off, useful;
	} rows[] = {
		{ "auto", false, "1.41", false, true },
		{ "auto", false, "1.47", false, true },
		{ "auto", false, "1.48", false, false },
		{ "auto", false, "1.51", false, false },
		{ "auto", true, "1.41", false, true },
		{ "on", false, "1.51", false, true },
		{ "true", false, "1.51", false, true },
		{ "yes", false, "1.51", false, true },
		{ "off", false, "1.41", true, true },
		{ "false", false, "1.41", true, true },
		{ "no", false, "1.41", true, true },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct engine engine = { .podman = rows[i].podman };

		snprintf(engine.version, sizeof engine.version, "%s", rows[i].version);
		row_check(failed, sandbox_is_off(rows[i].setting) == rows[i].off, "%s",
		    rows[i].setting);
		row_check(failed, sandbox_is_useful(rows[i].setting, &engine) == rows[i].useful,
		    "%s %s", rows[i].setting, rows[i].version);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setting_and_engine_say_whether_there_are_sandboxes),
		cmocka_unit_test_setup_teardown(test_file_is_copied_whole, folder_setup,
		    folder_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
