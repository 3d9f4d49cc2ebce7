/*
 * What the spooler does to a log: it makes the files, adds its own lines and closes them.
 */
#include "joblogsupport.h"

#include "take.h"

static void
test_files_of_a_new_log_are_for_any_user_of_the_container(void **state)
{
	const struct folder *folder = *state;
	struct error err;
	size_t length;

	must(joblog_create(folder->fd, JOB, ATTEMPT, &err), &err);
	assert_int_equal(file_mode(folder->fd, "7.2.log"), 0666);
	assert_int_equal(file_mode(folder->fd, "7.2.idx"), 0666);
	file_put(folder->fd, "7.2.log", "kept\n", 5);
	must(joblog_create(folder->fd, JOB, ATTEMPT, &err), &err);
	free(file_get(folder->fd, "7.2.log", &length));
	assert_int_equal(length, 5);
}

static void
seal(const struct folder *folder, int64_t limit, const char *first, const char *second)
{
	char *lines[] = { (char *)(uintptr_t)first, (char *)(uintptr_t)second };
	size_t count = second != NULL ? 2 : first != NULL ? 1 : 0;
	struct error err;

	must(joblog_seal(folder->fd, JOB, ATTEMPT, limit, lines, count, &err), &err);
}

static void
test_seal_puts_its_lines_at_the_end_and_closes_the_files(void **state)
{
	const struct joblog_record record = { 0, 1, JOBLOG_STDERR, false };
	const struct folder *folder = *state;
	cleanup_free char *text = NULL;
	struct lines lines;
	struct joblog log;
	struct error err;

	must(joblog_create(folder->fd, JOB, ATTEMPT, &err), &err);
	log_put(folder->fd, "abc\ndef", 7, &record, 1);
	seal(folder, LIMIT, "one", "two");
	text = file_get(folder->fd, "7.2.log", NULL);
	assert_string_equal(text, "abc\ndefone\ntwo\n");
	assert_int_equal(file_mode(folder->fd, "7.2.log"), 0640);
	assert_int_equal(file_mode(folder->fd, "7.2.idx"), 0640);
	log = log_open(folder, true);
	lines = read_on(&log, 0, text);
	assert_int_equal(lines.count, 4);
	assert_true(lines.items[1].id == 7 && lines.items[1].stream == JOBLOG_STDERR);
	assert_true(lines.items[2].id == 11 && lines.items[2].stream == JOBLOG_SYSTEM);
	assert_true(lines.items[3].id == 15 && lines.items[3].stream == JOBLOG_SYSTEM);
	assert_true(lines.items[3].time_ns > 0);
	free(lines.items);
	joblog_close(&log);
}

static void
test_seal_again_replaces_the_lines_of_the_last(void **state)
{
	const struct joblog_record record = { 0, 1, JOBLOG_STDOUT, false };
	const struct folder *folder = *state;
	static const char *const expected[] = { "abc\none\n", "abc\none\ntwo\n", "abc\nother\n",
		"abc\n" };
	static const char *const said[][2] = { { "one" }, { "one", "two" }, { "other" }, { NULL } };
	int failed = 0;

	log_put(folder->fd, "abc\n", 4, &record, 1);
	for (size_t i = 0; i < COUNT(said); i++)
		for (int again = 0; again < 2; again++) {
			cleanup_free char *text = NULL;
			size_t index = 0;

			seal(folder, LIMIT, said[i][0], said[i][1]);
			text = file_get(folder->fd, "7.2.log", NULL);
			row_check(failed, strcmp(text, expected[i]) == 0, "'%s' instead of '%s'",
			    text, expected[i]);
			free(file_get(folder->fd, "7.2.idx", &index));
			row_check(failed,
			    index ==
				JOBLOG_RECORD *
				    (1 + (size_t)(said[i][0] != NULL) +
					(size_t)(said[i][1] != NULL)),
			    "an index of %zu bytes behind '%s'", index, expected[i]);
		}
	rows_end(failed);
}

/* A line at the beginning stays, whether the job says something behind it or nothing at all. */
static void
test_seal_keeps_the_note_of_a_pull(void **state)
{
	static const struct {
		const char *text;
		struct joblog_record said;
		size_t records;
	} rows[] = {
		{ "image pulled\n", { 0 }, 1 },
		{ "image pulled\nabc\n", { 13, 2, JOBLOG_STDOUT, false }, 2 },
	};
	const struct folder *folder = *state;
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct joblog_record records[2] = { { 0, 1, JOBLOG_SYSTEM, false }, rows[i].said };
		cleanup_free char *text = NULL, *expected = NULL;
		size_t index = 0;
		struct error err;

		log_put(folder->fd, "", 0, records, 0);
		must(joblog_remark(folder->fd, JOB, ATTEMPT, JOBLOG_PULLED, &err), &err);
		text = file_get(folder->fd, "7.2.log", NULL);
		row_check(failed, strcmp(text, "image pulled\n") == 0, "%s", text);
		log_put(folder->fd, rows[i].text, strlen(rows[i].text), records, rows[i].records);
		for (int again = 0; again < 2; again++)
			seal(folder, LIMIT, "one", NULL);
		free(text);
		text = file_get(folder->fd, "7.2.log", NULL);
		assert_true(asprintf(&expected, "%sone\n", rows[i].text) > 0);
		row_check(failed, strcmp(text, expected) == 0, "'%s' instead of '%s'", text,
		    expected);
		free(file_get(folder->fd, "7.2.idx", &index));
		row_check(failed, index == (rows[i].records + 1) * JOBLOG_RECORD,
		    "an index of %zu bytes", index);
	}
	rows_end(failed);
}

static void
test_seal_mends_what_a_killed_spooler_left(void **state)
{
	static const struct joblog_record records[] = { { 0, 1, JOBLOG_STDOUT, false },
		{ 4, 2, JOBLOG_SYSTEM, false } };
	const struct folder *folder = *state;
	int failed = 0;

	/* Killed behind any byte of the text, behind the record, or amid it. */
	for (size_t length = 4; length <= 8; length++)
		for (size_t cut = 0; cut < JOBLOG_RECORD; cut++) {
			cleanup_free char *text = NULL, *index = NULL;
			size_t index_length;

			log_put(folder->fd, "abc\none\n", cut == 0 ? length : 4, records, 2);
			index = file_get(folder->fd, "7.2.idx", &index_length);
			file_put(folder->fd, "7.2.idx", index, index_length - cut);
			seal(folder, LIMIT, "one", NULL);
			text = file_get(folder->fd, "7.2.log", NULL);
			row_check(failed, strcmp(text, "abc\none\n") == 0,
			    "%zu bytes of text, record cut by %zu: '%s'", length, cut, text);
			free(take_pointer(&index));
			index = file_get(folder->fd, "7.2.idx", &index_length);
			row_check(failed,
			    index_length == sizeof records / sizeof records[0] * JOBLOG_RECORD,
			    "an index of %zu bytes", index_length);
		}
	rows_end(failed);
}

static void
test_seal_cuts_what_is_over_the_limit(void **state)
{
	const struct joblog_record record = { 0, 1, JOBLOG_STDOUT, false };
	const struct folder *folder = *state;
	cleanup_free char *text = NULL;
	struct lines lines;
	struct joblog log;
	struct error err;

	log_put(folder->fd, "abc\ndefgh\n", 10, &record, 1);
	seal(folder, 6, "said", NULL);
	text = file_get(folder->fd, "7.2.log", NULL);
	assert_string_equal(text, "abc\ndesaid\n");
	seal(folder, 6, "said", NULL);
	free(take_pointer(&text));
	text = file_get(folder->fd, "7.2.log", NULL);
	assert_string_equal(text, "abc\ndesaid\n");
	must(joblog_open(&log, folder->fd, JOB, ATTEMPT, true, 6, &err), &err);
	lines = read_on(&log, 0, text);
	assert_int_equal(lines.count, 3);
	assert_int_equal(lines.items[2].stream, JOBLOG_SYSTEM);
	free(lines.items);
	joblog_close(&log);
}

static void
test_seal_of_a_log_that_was_never_made_makes_it(void **state)
{
	const struct folder *folder = *state;
	cleanup_free char *text = NULL;

	seal(folder, LIMIT, "never started", NULL);
	text = file_get(folder->fd, "7.2.log", NULL);
	assert_string_equal(text, "never started\n");
}

static void
test_seal_of_garbage_ends(void **state)
{
	const struct folder *folder = *state;
	uint64_t seed = 7;

	for (int round = 0; round < 200; round++) {
		unsigned char index[600];
		char text[300];
		size_t length = chance(&seed, sizeof text);
		cleanup_free char *after = NULL;
		struct lines lines;
		struct joblog log;

		for (size_t i = 0; i < sizeof index; i++)
			index[i] = (unsigned char)(chance(&seed, 2) == 0 ? chance(&seed, 4)
									 : chance(&seed, 256));
		memset(text, 'x', sizeof text);
		file_put(folder->fd, "7.2.log", text, length);
		file_put(folder->fd, "7.2.idx", index, chance(&seed, sizeof index));
		seal(folder, 200, "the end", NULL);
		after = file_get(folder->fd, "7.2.log", &length);
		assert_true(length <= 200 + sizeof "the end");
		assert_string_equal(after + length - strlen("the end\n"), "the end\n");
		log = log_open(folder, true);
		lines = read_on(&log, 0, after);
		assert_true(lines.count > 0 && lines.items[lines.count - 1].id == (int64_t)length);
		free(lines.items);
		joblog_close(&log);
	}
}

#define test(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_files_of_a_new_log_are_for_any_user_of_the_container),
		test(test_seal_puts_its_lines_at_the_end_and_closes_the_files),
		test(test_seal_again_replaces_the_lines_of_the_last),
		test(test_seal_keeps_the_note_of_a_pull),
		test(test_seal_mends_what_a_killed_spooler_left),
		test(test_seal_cuts_what_is_over_the_limit),
		test(test_seal_of_a_log_that_was_never_made_makes_it),
		test(test_seal_of_garbage_ends),
	};

	(void)alarm(300); /* a read that never ends fails, too */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
