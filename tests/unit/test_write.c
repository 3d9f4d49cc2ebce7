/*
 * Writing and copying, where the kernel takes a part only.
 */
#include "support.h"

#include <sys/syscall.h>

#include "write.h"

#define SIZE 200000

static size_t taken_at_once;
static int interrupts;

/* In place of the C library's, for the whole program. */
ssize_t
write(int fd, const void *data, size_t length)
{
	if (interrupts > 0) {
		interrupts--;
		errno = EINTR;
		return -1;
	}
	if (taken_at_once > 0 && length > taken_at_once)
		length = taken_at_once;
	return (ssize_t)syscall(SYS_write, fd, data, length);
}

/* Copies the file "from" to the file "to". */
static bool
copy(const struct folder *folder)
{
	cleanup_close int from = openat(folder->fd, "from", O_RDONLY | O_CLOEXEC);
	cleanup_close int to = openat(folder->fd, "to", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return write_copy(from, to);
}

static void
test_all_is_copied_however_little_is_taken_at_a_time(void **state)
{
	const struct folder *folder = *state;
	cleanup_free char *data = malloc(SIZE), *copied = NULL;
	size_t length;

	for (size_t i = 0; i < SIZE; i++)
		data[i] = (char)i;
	file_put(folder->fd, "from", data, SIZE);
	taken_at_once = 1000;
	interrupts = 3;
	assert_true(copy(folder));
	taken_at_once = 0;
	copied = file_get(folder->fd, "to", &length);
	assert_int_equal(length, SIZE);
	assert_memory_equal(copied, data, SIZE);
}

static void
test_copy_that_fails_says_why(void **state)
{
	const struct folder *folder = *state;
	cleanup_close int full = open("/dev/full", O_WRONLY | O_CLOEXEC), from = -1;

	file_put(folder->fd, "from", "x", 1);
	from = openat(folder->fd, "from", O_RDONLY | O_CLOEXEC);
	assert_false(write_copy(from, full));
	assert_int_equal(errno, ENOSPC);
	assert_false(write_copy(folder->fd, full));
	assert_int_equal(errno, EISDIR);
}

#define test(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_all_is_copied_however_little_is_taken_at_a_time),
		test(test_copy_that_fails_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
