/*
 * What kabuto-init reports, or a job in its name.
 */
#include "support.h"

#include "daemon/spooler/usage.h"

#define TEN         "0123456789"
#define HUNDRED     TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define BYTES(text) text, sizeof(text) - 1

static bool
usage_same(const struct usage *a, const struct usage *b)
{
	return a->complete == b->complete && a->cpu_ns == b->cpu_ns && a->memory == b->memory &&
	    a->io == b->io && a->log_dropped == b->log_dropped && a->exec_errno == b->exec_errno &&
	    a->signal == b->signal && a->written == b->written && a->code == b->code &&
	    a->oom_kills == b->oom_kills && a->stopped == b->stopped &&
	    a->io_unknown == b->io_unknown && strcmp(a->exec_reason, b->exec_reason) == 0 &&
	    strcmp(a->exec_file, b->exec_file) == 0 && strcmp(a->exec_detail, b->exec_detail) == 0;
}

static void
test_lines_are_understood_or_as_if_not_there(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		struct usage expected;
	} rows[] = {
		{ BYTES(""), { 0 } },
		{ BYTES(
		      "cpu_ns 1\nmemory 2\nio 3\nio_unknown 11\nlog_dropped 4\nexec_errno 5\nsignal 6\nwritten 7\ncode 8\noom_kills 9\nstopped 10\nend\n"),
		    { true, 1, 2, 3, 11, 4, 5, 6, 7, 8, 9, 10, "", "", "" } },
		{ BYTES("exec_reason mode\nexec_file /a b\xc3\xa4\nexec_detail x\n"),
		    { .exec_reason = "mode", .exec_file = "/a b\xc3\xa4", .exec_detail = "x" } },
		{ BYTES("exec_file \nexec_detail\n"), { 0 } },
		{ BYTES("exec_file a\rb\n"), { 0 } },
		{ BYTES("exec_file a\0b\n"), { 0 } },
		{ BYTES("exec_file a\x1b[31m\n"), { 0 } },
		{ BYTES("exec_file \xff\n"), { 0 } },
		{ BYTES("exec_file " HUNDRED HUNDRED "\n"), { .exec_file = HUNDRED HUNDRED } },
		{ BYTES("exec_file " HUNDRED HUNDRED HUNDRED "\n"), { 0 } },
		{ BYTES("end\n"), { .complete = true } },
		{ BYTES("end"), { 0 } },
		{ BYTES("ending\n"), { 0 } },
		{ BYTES("end \n"), { 0 } },
		{ BYTES("end\nmemory 5\n"), { .complete = true, .memory = 5 } },
		{ BYTES("memory 5"), { 0 } }, /* its line has not ended */
		{ BYTES("memory 5\nmemory 6\n"), { .memory = 6 } },
		{ BYTES("memory 5\nmemory x\n"), { .memory = 5 } },
		{ BYTES("io 1\nmemory 5\n"), { .memory = 5, .io = 1 } },
		{ BYTES("memory 999999999999999999\n"), { .memory = INT64_C(999999999999999999) } },
		{ BYTES("memory 1000000000000000000\n"), { 0 } },
		{ BYTES("memory 99999999999999999999999999999999999999\n"), { 0 } },
		{ BYTES("memory -1\n"), { 0 } },
		{ BYTES("memory +1\n"), { 0 } },
		{ BYTES("memory 1.5\n"), { 0 } },
		{ BYTES("memory 0x1\n"), { 0 } },
		{ BYTES("memory 1 \n"), { 0 } },
		{ BYTES("memory  1\n"), { 0 } },
		{ BYTES("memory \n"), { 0 } },
		{ BYTES("memory\n"), { 0 } },
		{ BYTES("memory 1\r\n"), { 0 } },
		{ BYTES(" memory 1\n"), { 0 } },
		{ BYTES("Memory 1\n"), { 0 } },
		{ BYTES("memor 1\n"), { 0 } },
		{ BYTES("memoryx 1\n"), { 0 } },
		{ BYTES("complete 1\n"), { 0 } },
		{ BYTES(" \n 1\n\n\n"), { 0 } },
		{ BYTES("memory\0 1\nio 2\n"), { .io = 2 } },
		{ BYTES("memory 1\0\nio 2\n"), { .io = 2 } },
		{ BYTES("\xff\xfe\nio 2\n"), { .io = 2 } },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_free char *text = malloc(rows[i].length + 1);
		struct usage usage = { true, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, "a", "b", "c" };

		memcpy(text, rows[i].text, rows[i].length);
		usage_parse(&usage, text, rows[i].length);
		row_check(failed, usage_same(&usage, &rows[i].expected), "'%s'", rows[i].text);
	}
	rows_end(failed);
}

static void
test_garbage_gives_numbers_of_at_least_0(void **state)
{
	static const char *const pieces[] = { "cpu_ns ", "memory ", "io", " ", "\n", "end", "-",
		"9999999999", "0", "\xff", "signal " };
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[512];
		size_t length = 0;
		struct usage usage;

		for (uint32_t i = chance(&seed, 20); i > 0; i--)
			length += (size_t)sprintf(text + length, "%s",
			    pieces[chance(&seed, COUNT(pieces))]);
		usage_parse(&usage, text, length);
		assert_true(usage.cpu_ns >= 0 && usage.memory >= 0 && usage.io >= 0 &&
		    usage.signal >= 0);
	}
}

static void
test_file_is_read_without_following_or_waiting(void **state)
{
	static const struct usage nothing = { 0 };
	static const char large[2 * USAGE_MOST] = { "memory 5\n" };
	const struct folder *folder = *state;
	struct usage usage;

	file_put(folder->fd, "usage", "memory 7\nend\n", 13);
	usage_read(&usage, folder->fd, "usage");
	assert_true(usage.complete && usage.memory == 7);
	usage_read(&usage, folder->fd, "nothing");
	assert_true(usage_same(&usage, &nothing));
	assert_int_equal(symlinkat("usage", folder->fd, "link"), 0);
	usage_read(&usage, folder->fd, "link");
	assert_true(usage_same(&usage, &nothing));
	assert_int_equal(mkfifoat(folder->fd, "fifo", 0600), 0);
	usage_read(&usage, folder->fd, "fifo");
	assert_true(usage_same(&usage, &nothing));
	usage_read(&usage, folder->fd, ".");
	assert_true(usage_same(&usage, &nothing));
	file_put(folder->fd, "large", large, sizeof large);
	usage_read(&usage, folder->fd, "large");
	assert_true(!usage.complete && usage.memory == 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_understood_or_as_if_not_there),
		cmocka_unit_test(test_garbage_gives_numbers_of_at_least_0),
		cmocka_unit_test_setup_teardown(test_file_is_read_without_following_or_waiting,
		    folder_setup, folder_teardown),
	};

	(void)alarm(300); /* a read that waits fails, too */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
