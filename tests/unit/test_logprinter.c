/*
 * Lines of a log, printed as the job wrote them.
 */
#include "support.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "logprinter.h"

/* Prints the lines, whose id before the first is 0, and reads what came out. */
static char *
print(const char *const *lines, size_t count, bool times, bool quiet, const char *stream)
{
	int out = memfd_create("out", 0), error = memfd_create("error", 0);
	struct logprinter *printer = logprinter_new(NULL, 7);
	char *text = calloc(1, 4096);
	struct error err = { 0 };
	int64_t before = 0;

	printer->out.fd = out;
	printer->error.fd = error;
	printer->known = true; /* a job with retries, so that no server is asked */
	printer->times = times;
	printer->quiet = quiet;
	for (size_t i = 0; i < count; i++) {
		cleanup_json json_t *json = json_loads(lines[i], JSON_ALLOW_NUL, NULL);
		struct follower_line line;

		assert_true(follower_read_line(json, before, &line, &err));
		assert_true(logprinter_line(printer, &line, &err));
		before = line.id;
	}
	assert_true(logprinter_flush(printer, &err));
	assert_true(pread(strcmp(stream, "stdout") == 0 ? out : error, text, 4095, 0) >= 0);
	logprinter_free(printer);
	close(out);
	close(error);
	return text;
}

#define LINE(id, text, stream, more)                                                               \
	"{\"id\":" #id ",\"logline\":\"" text "\",\"stream\":\"" stream "\",\"time\":\"T" #id      \
	"\"" more "}"
#define PARTIAL ",\"partial\":true"

static void
test_streams_are_kept_apart_with_their_line_ends(void **state)
{
	static const char *const lines[] = {
		LINE(3, "pulled", "system", ""), /* ids need not match: this log was cut */
		LINE(6, "ab", "stdout", ""), LINE(8, "cd", "stdout", PARTIAL),
		LINE(11, "ef", "stderr", ""),
		LINE(15, "gh", "stdout", ""), /* one byte more than "gh\\n": it ended in "\\r\\n" */
		LINE(30, "i\\rj", "stdout", ""), /* a gap */
	};
	cleanup_free char *out = print(lines, COUNT(lines), false, false, "stdout");
	cleanup_free char *error = print(lines, COUNT(lines), false, false, "stderr");
	cleanup_free char *quiet = print(lines, COUNT(lines), false, true, "stderr");

	(void)state;
	assert_string_equal(out, "ab\ncdgh\r\ni\rj\n");
	assert_string_equal(error, "pulled\nef\n");
	assert_string_equal(quiet, "ef\n");
}

static void
test_time_stands_before_whole_lines_only(void **state)
{
	static const char *const lines[] = {
		LINE(2, "ab", "stdout", PARTIAL),
		LINE(5, "cd", "stdout", ""),
		LINE(8, "ef", "stdout", ""),
	};
	cleanup_free char *out = print(lines, COUNT(lines), true, false, "stdout");

	(void)state;
	assert_string_equal(out, "T2 abcd\nT8 ef\n");
}

static void
test_what_is_no_line_is_an_error(void **state)
{
	static const char *const rows[] = { "{}", "[]",
		"{\"id\":\"1\",\"logline\":\"\",\"stream\":\"stdout\",\"time\":\"\"}",
		"{\"id\":1,\"logline\":null,\"stream\":\"stdout\",\"time\":\"\"}",
		"{\"id\":1,\"logline\":\"\",\"stream\":1,\"time\":\"\"}" };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_json json_t *json = json_loads(rows[i], 0, NULL);
		struct follower_line line;
		struct error err = { 0 };

		row_check(failed, !follower_read_line(json, 0, &line, &err), "%s", rows[i]);
	}
	rows_end(failed);
}

static void
test_reader_that_went_away_is_noticed(void **state)
{
	struct output *output = calloc(1, sizeof *output);
	struct error err = { 0 };
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	output->fd = ends[1];
	assert_true(output_add(output, "x", 1, &err));
	assert_false(output_flush(output, &err));
	assert_true(output->closed);
	assert_int_equal(err.kind, ERROR_INTERRUPTED);
	close(ends[1]);
	free(output);
}

static void
test_flag_ends_a_write_to_a_full_pipe(void **state)
{
	static volatile sig_atomic_t stop = 1;
	struct output *output = calloc(1, sizeof *output);
	char full[4096] = { 0 };
	struct error err = { 0 };
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	while (write(ends[1], full, sizeof full) > 0)
		continue;
	fcntl(ends[1], F_SETFL, 0);
	output->fd = ends[1];
	output->stop = &stop;
	assert_true(output_add(output, "x", 1, &err));
	assert_false(output_flush(output, &err));
	assert_int_equal(err.kind, ERROR_INTERRUPTED);
	assert_false(output->closed);
	close(ends[0]);
	close(ends[1]);
	free(output);
}

static void
test_full_disk_is_an_error(void **state)
{
	struct output *output = calloc(1, sizeof *output);
	struct error err = { 0 };

	(void)state;
	output->fd = open("/dev/full", O_WRONLY);
	assert_true(output_add(output, "x", 1, &err));
	assert_false(output_flush(output, &err));
	assert_int_equal(err.kind, ERROR_NO_SPACE);
	close(output->fd);
	free(output);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams_are_kept_apart_with_their_line_ends),
		cmocka_unit_test(test_time_stands_before_whole_lines_only),
		cmocka_unit_test(test_what_is_no_line_is_an_error),
		cmocka_unit_test(test_reader_that_went_away_is_noticed),
		cmocka_unit_test(test_flag_ends_a_write_to_a_full_pipe),
		cmocka_unit_test(test_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
