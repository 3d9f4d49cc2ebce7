/*
 * The files that a job takes over from its sandbox.
 * The function that copies them is static: the file is included.
 */
#include "support.h"

#include <sys/syscall.h>

#include "daemon/spooler/sandbox_folder.c"

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
		must(sandbox_folder_copy_file(folder->fd, to, "hosts", &err), &err);
		takes_half = false;
		copied = file_get(to, "hosts", &length);
		assert_int_equal(length, sizes[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_file_is_copied_whole, folder_setup,
		    folder_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
