/*
 * Lines from a text and an index that a job has written, or cut while they are read.
 */
#include "joblogsupport.h"

/* Numbers that hurt more often than others. */
static int64_t
hostile_offset(uint64_t *seed, size_t length)
{
	switch (chance(seed, 8)) {
	case 0:
		return (INT64_C(1) << 56) - 1;
	case 1:
		return 0;
	case 2:
		return (int64_t)length;
	case 3:
		return (int64_t)chance(seed, UINT32_MAX) << 24;
	default:
		return chance(seed, (uint32_t)length + 2);
	}
}

static void
test_garbage_is_read_to_its_end(void **state)
{
	const struct folder *folder = *state;
	uint64_t seed = 6;

	for (int round = 0; round < 300; round++) {
		size_t length = round % 10 == 0 ? 200000 : chance(&seed, 400),
		       count = chance(&seed, 300);
		cleanup_free char *text = malloc(length + 1);
		cleanup_free unsigned char *index = malloc(count * JOBLOG_RECORD + 16);
		struct lines all, last;
		struct joblog log;
		struct error err;
		int64_t position = 0, end = 0;

		for (size_t i = 0; i < length; i++)
			text[i] = chance(&seed, round % 3 == 0 ? 20 : 100000) == 0
			    ? '\n'
			    : (char)chance(&seed, 256);
		for (size_t i = 0; i < count; i++) {
			const struct joblog_record record = { hostile_offset(&seed, length),
				(int64_t)((uint64_t)chance(&seed, UINT32_MAX) << 32),
				(enum joblog_stream)chance(&seed, 128), chance(&seed, 2) == 1 };

			joblog_record_encode(index + i * JOBLOG_RECORD, &record);
		}
		memset(index + count * JOBLOG_RECORD, 0xff, 16);
		file_put(folder->fd, "7.2.log", text, length);
		file_put(folder->fd, "7.2.idx", index, count * JOBLOG_RECORD + chance(&seed, 16));

		log = log_open(folder, true);
		all = read_on(&log, 0, text);
		for (size_t i = 0; i < all.count; i++)
			end = all.items[i].id;
		assert_int_equal(end, length); /* nothing of a text is lost, whatever its index */
		must(joblog_tail(&log, 1 + chance(&seed, 20), &position, &err), &err);
		assert_in_range(position, 0, length);
		last = read_on(&log, position, text);
		free(all.items);
		free(last.items);
		for (int i = 0; i < 10; i++) {
			last = read_on(&log, chance(&seed, (uint32_t)length + 1), text);
			free(last.items);
		}
		joblog_close(&log);
	}
}

static void
test_positions_outside_give_nothing(void **state)
{
	static const int64_t positions[] = { -1, INT64_MIN, 4, 5, INT64_MAX };
	const struct joblog_record record = { 0, 1, JOBLOG_STDOUT, false };
	const struct folder *folder = *state;
	struct joblog_line line;
	struct joblog log;
	struct error err;
	int failed = 0;

	log_put(folder->fd, "abc\n", 4, &record, 1);
	log = log_open(folder, true);
	for (size_t i = 0; i < COUNT(positions); i++) {
		int64_t position = positions[i];

		row_check(failed,
		    joblog_next(&log, &position, &line, &err) == 0 && position == positions[i],
		    "%lld", (long long)positions[i]);
	}
	joblog_close(&log);
	rows_end(failed);
}

static void
test_log_cut_short_while_it_is_read_ends(void **state)
{
	const struct joblog_record record = { 0, 1, JOBLOG_STDOUT, false };
	const struct folder *folder = *state;
	struct joblog_line line;
	struct joblog log;
	struct error err;
	int64_t position = 0;

	log_put(folder->fd, "abc\ndef\n", 8, &record, 1);
	log = log_open(folder, false);
	file_put(folder->fd, "7.2.log", "", 0);
	file_put(folder->fd, "7.2.idx", "", 0);
	assert_int_equal(joblog_next(&log, &position, &line, &err), 0);
	joblog_close(&log);
}

static void
test_text_far_over_the_limit_is_not_read(void **state)
{
	const struct folder *folder = *state;
	const size_t length = 2 << 20;
	cleanup_free char *text = malloc(length);
	struct lines lines;
	struct joblog log;
	struct error err;

	memset(text, '\n', length);
	log_put(folder->fd, text, length, NULL, 0);
	must(joblog_open(&log, folder->fd, JOB, ATTEMPT, true, 1 << 20, &err), &err);
	lines = read_on(&log, 0, text);
	/* The spooler's own lines come behind the limit, and have some room there. */
	assert_in_range(lines.count, 1 << 20, (1 << 20) + (512 << 10));
	free(lines.items);
	joblog_close(&log);
}

#define test(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_garbage_is_read_to_its_end),
		test(test_positions_outside_give_nothing),
		test(test_log_cut_short_while_it_is_read_ends),
		test(test_text_far_over_the_limit_is_not_read),
	};

	(void)alarm(300); /* a read that never ends fails, too */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
