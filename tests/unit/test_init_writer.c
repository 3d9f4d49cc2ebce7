/*
 * kabuto-init's side of a log: two streams in, a text and an index out, which the readers' side
 * reads back. It is built by a compiler of its own and has no library: the file is included.
 */
#include "support.h"

#include "daemon/init/writer.c"
#include "joblog.h"
#include "take.h"

#define NO_LIMIT INT64_MAX

/* A log at 1.1.log and two pipes into it. */
struct scene {
	struct folder *folder;
	struct writer writer;
	struct stream streams[2];
	int in[2]; /* the pipes' ends that the job would write to */
	char text[128], index[128];
};

static int
scene_setup(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);
	struct error err;

	if (scene == NULL || folder_setup((void **)&scene->folder) != 0 ||
	    !joblog_create(scene->folder->fd, 1, 1, &err))
		return -1;
	snprintf(scene->text, sizeof scene->text, "%s/1.1.log", scene->folder->path);
	snprintf(scene->index, sizeof scene->index, "%s/1.1.idx", scene->folder->path);
	for (int i = 0; i < 2; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
			return -1;
		scene->streams[i].fd = ends[0];
		scene->streams[i].name = i == 0 ? JOBLOG_STDOUT : JOBLOG_STDERR;
		scene->in[i] = ends[1];
	}
	writer_open(&scene->writer, scene->text, scene->index, NO_LIMIT);
	*state = scene;
	return 0;
}

static int
scene_teardown(void **state)
{
	struct scene *scene = *state;
	int result;

	for (int i = 0; i < 2; i++) {
		(void)close(scene->streams[i].fd);
		if (scene->in[i] >= 0)
			(void)close(scene->in[i]);
	}
	if (scene->writer.text >= 0)
		(void)close(scene->writer.text);
	if (scene->writer.index >= 0)
		(void)close(scene->writer.index);
	result = folder_teardown((void **)&scene->folder);
	free(scene);
	return result;
}

/* Begins the log anew with a limit. */
static void
limit_to(struct scene *scene, int64_t limit)
{
	(void)close(scene->writer.text);
	(void)close(scene->writer.index);
	writer_open(&scene->writer, scene->text, scene->index, limit);
}

/* The job says something, and it is read. */
static void
say(struct scene *scene, int stream, const char *text)
{
	size_t length = strlen(text);

	assert_int_equal(write(scene->in[stream], text, length), length);
	assert_true(writer_stream_read(&scene->streams[stream], &scene->writer));
}

static bool
text_is(const struct scene *scene, const char *expected)
{
	cleanup_free char *text = file_get(scene->folder->fd, "1.1.log", NULL);
	bool same = strcmp(text, expected) == 0;

	if (!same)
		print_error("'%s' instead of '%s'\n", text, expected);
	return same;
}

static size_t
records_of(const struct scene *scene)
{
	size_t length;

	free(file_get(scene->folder->fd, "1.1.idx", &length));
	assert_int_equal(length % JOBLOG_RECORD, 0);
	return length / JOBLOG_RECORD;
}

static void
test_whole_lines_are_written_at_once_and_the_rest_is_held(void **state)
{
	struct scene *scene = *state;

	say(scene, 0, "ab");
	assert_true(text_is(scene, ""));
	assert_int_equal(records_of(scene), 0);
	say(scene, 0, "c\nde");
	assert_true(text_is(scene, "abc\n"));
	assert_int_equal(records_of(scene), 1);
	say(scene, 0, "\nf\n\ng");
	assert_true(text_is(scene, "abc\nde\nf\n\n"));
	assert_int_equal(records_of(scene), 2);
	(void)close(take_fd(&scene->in[0]));
	assert_false(writer_stream_read(&scene->streams[0], &scene->writer));
	assert_true(text_is(scene, "abc\nde\nf\n\n"));
	writer_flush(&scene->writer, scene->streams);
	assert_true(text_is(scene, "abc\nde\nf\n\ng"));
	assert_false(writer_stream_read(&scene->streams[0], &scene->writer));
	assert_true(text_is(scene, "abc\nde\nf\n\ng"));
	assert_int_equal(records_of(scene), 3);
	assert_int_equal(scene->writer.dropped, 0);
}

static void
test_carriage_return_ends_a_line_unless_a_newline_follows(void **state)
{
	static const struct {
		const char *said;
		const char *text;
		size_t records;
	} rows[] = {
		{ "1/3\r", "", 0 }, /* a newline may follow */
		{ "2/3", "1/3\r", 1 },
		{ "\r3/3\r", "1/3\r2/3\r", 2 },
		{ "\n", "1/3\r2/3\r3/3\r\n", 3 },
		{ "\r\r", "1/3\r2/3\r3/3\r\n\r", 4 },
		{ "a\nb\rc", "1/3\r2/3\r3/3\r\n\r\ra\nb\r", 5 },
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		say(scene, 0, rows[i].said);
		assert_true(text_is(scene, rows[i].text));
		assert_int_equal(records_of(scene), rows[i].records);
	}
}

static void
test_only_a_line_that_was_held_is_marked_as_unfinished(void **state)
{
	struct scene *scene = *state;
	cleanup_free char *index = NULL;
	size_t length;

	say(scene, 1, "whole\nhalf");
	writer_flush(&scene->writer, scene->streams);
	index = file_get(scene->folder->fd, "1.1.idx", &length);
	assert_int_equal(length, 2 * JOBLOG_RECORD);
	assert_false(joblog_record_decode((unsigned char *)index).unfinished);
	assert_true(joblog_record_decode((unsigned char *)index + JOBLOG_RECORD).unfinished);
	assert_int_equal(joblog_record_decode((unsigned char *)index + JOBLOG_RECORD).stream,
	    JOBLOG_STDERR);
}

static void
test_nothing_to_read_is_not_the_end(void **state)
{
	struct scene *scene = *state;

	assert_true(writer_stream_read(&scene->streams[0], &scene->writer));
	assert_int_equal(records_of(scene), 0);
}

static void
test_two_streams_do_not_cut_each_others_lines(void **state)
{
	struct scene *scene = *state;

	say(scene, 0, "out ");
	say(scene, 1, "err ");
	say(scene, 0, "put\n");
	say(scene, 1, "or\n");
	assert_true(text_is(scene, "out put\nerr or\n"));
}

static void
test_unfinished_line_is_held_for_a_while(void **state)
{
	struct scene *scene = *state;
	struct stream *stream = &scene->streams[0];

	assert_int_equal(writer_stream_wait_ms(stream), -1);
	writer_flush_old(&scene->writer, scene->streams);
	assert_int_equal(records_of(scene), 0);
	say(scene, 0, "half");
	assert_in_range(writer_stream_wait_ms(stream), 0, HOLD_MS);
	stream->held_since =
	    writer_monotonic_ms() + 5000; /* just now, however slow this machine is */
	writer_flush_old(&scene->writer, scene->streams);
	assert_true(text_is(scene, ""));
	assert_true(writer_stream_wait_ms(stream) > HOLD_MS);
	stream->held_since = writer_monotonic_ms() - HOLD_MS;
	assert_int_equal(writer_stream_wait_ms(stream), 0);
	writer_flush_old(&scene->writer, scene->streams);
	assert_true(text_is(scene, "half"));
	assert_int_equal(writer_stream_wait_ms(stream), -1);
	/* The rest of the line comes as it is. */
	say(scene, 0, " done\n");
	assert_true(text_is(scene, "half done\n"));
}

static void
test_unfinished_lines_come_in_the_order_in_which_they_began(void **state)
{
	struct scene *scene = *state;

	say(scene, 1, "a");
	say(scene, 0, "b");
	say(scene, 1, "c");
	writer_flush(&scene->writer, scene->streams);
	assert_true(text_is(scene, "acb"));
	say(scene, 0, "d");
	say(scene, 1, "e");
	say(scene, 0, "f\ng"); /* g is younger than e */
	scene->streams[0].held_since -= HOLD_MS;
	scene->streams[1].held_since -= HOLD_MS;
	writer_flush_old(&scene->writer, scene->streams);
	assert_true(text_is(scene, "acbdf\neg"));
}

static void
test_more_of_a_line_does_not_make_it_wait_longer(void **state)
{
	struct scene *scene = *state;
	int64_t since;

	say(scene, 0, "a");
	since = scene->streams[0].held_since -= 500;
	say(scene, 0, "b");
	assert_int_equal(scene->streams[0].held_since, since);
	say(scene, 0, "c\nd"); /* what is held now has just come */
	assert_true(scene->streams[0].held_since > since);
}

static void
test_line_of_64_kib_is_written_without_its_end(void **state)
{
	struct scene *scene = *state;
	char piece[4096];
	size_t length;

	memset(piece, 'x', sizeof piece);
	for (int i = 0; i < JOBLOG_LINE_MOST / (int)sizeof piece; i++) {
		free(file_get(scene->folder->fd, "1.1.log", &length));
		assert_int_equal(length, 0);
		assert_int_equal(write(scene->in[0], piece, sizeof piece), sizeof piece);
		assert_true(writer_stream_read(&scene->streams[0], &scene->writer));
	}
	free(file_get(scene->folder->fd, "1.1.log", &length));
	assert_int_equal(length, JOBLOG_LINE_MOST);
	assert_int_equal(scene->streams[0].length, 0);
}

static void
test_limit_cuts_at_a_line_and_counts_the_rest(void **state)
{
	static const struct {
		int64_t limit;
		const char *said[4];
		const char *kept;
		int64_t dropped;
	} rows[] = {
		{ 100, { "abc\n", "def\n" }, "abc\ndef\n", 0 },
		{ 8, { "abc\n", "def\n" }, "abc\ndef\n", 0 },
		{ 8, { "abc\n", "def\n", "ghi\n" }, "abc\ndef\n", 4 },
		{ 7, { "abc\n", "def\n" }, "abc\ndef",
		    1 }, /* a line that has no other before it in its chunk */
		{ 7, { "abc\ndef\n" }, "abc\n", 4 },
		{ 4, { "abc\ndef\n" }, "abc\n", 4 },
		{ 3, { "abc\ndef\n" }, "abc", 5 },
		{ 0, { "abc\n" }, "", 4 },
		/* once cut, nothing more, though it would fit */
		{ 7, { "abc\ndef\n", "g\n" }, "abc\n", 6 },
		{ 8, { "abc\n", "defgh\nijk\n", "l\n" }, "abc\ndefg", 8 },
		{ 9, { "abc\nde\nfghijk\n", "l\n", "m\n" }, "abc\nde\n", 11 },
	};
	struct scene *scene = *state;
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		file_put(scene->folder->fd, "1.1.log", "", 0);
		file_put(scene->folder->fd, "1.1.idx", "", 0);
		limit_to(scene, rows[i].limit);
		for (size_t n = 0; n < COUNT(rows[i].said) && rows[i].said[n] != NULL; n++)
			say(scene, 0, rows[i].said[n]);
		row_check(failed, text_is(scene, rows[i].kept), "limit %lld: %s…",
		    (long long)rows[i].limit, rows[i].said[0]);
		row_check(failed, scene->writer.dropped == rows[i].dropped,
		    "limit %lld: %s…: %lld dropped", (long long)rows[i].limit, rows[i].said[0],
		    (long long)scene->writer.dropped);
	}
	rows_end(failed);
}

static void
test_limit_is_of_both_streams_together(void **state)
{
	struct scene *scene = *state;

	limit_to(scene, 6);
	say(scene, 0, "abc\n");
	say(scene, 1, "de\n");
	say(scene, 1, "f\n");
	assert_true(text_is(scene, "abc\nde"));
	assert_int_equal(scene->writer.dropped, 3);
	assert_int_equal(records_of(scene), 2);
}

static void
test_log_goes_on_at_its_end(void **state)
{
	struct scene *scene = *state;

	file_put(scene->folder->fd, "1.1.log", "before\n", 7);
	limit_to(scene, NO_LIMIT);
	assert_int_equal(scene->writer.offset, 7);
	say(scene, 0, "more\n");
	assert_true(text_is(scene, "before\nmore\n"));
	limit_to(scene, 5); /* less than there is */
	say(scene, 0, "x\n");
	assert_true(text_is(scene, "before\nmore\n"));
	assert_int_equal(scene->writer.dropped, 2);
}

static void
test_log_that_cannot_be_opened_drops_and_counts(void **state)
{
	struct scene *scene = *state;

	(void)close(scene->writer.text);
	(void)close(scene->writer.index);
	writer_open(&scene->writer, "/nonexistent/log", "/nonexistent/idx", NO_LIMIT);
	say(scene, 0, "abc\n");
	say(scene, 1, "de\n");
	assert_int_equal(scene->writer.dropped, 7);
	assert_int_equal(scene->writer.offset, 0);
}

static void
test_full_disk_drops_and_counts(void **state)
{
	struct scene *scene = *state;

	(void)close(scene->writer.text);
	scene->writer.text = open("/dev/full", O_WRONLY | O_CLOEXEC);
	say(scene, 0, "abc\n");
	assert_int_equal(scene->writer.dropped, 4);
	assert_int_equal(scene->writer.offset, 0);
	/* When there is room again, the text goes on without a hole. */
	(void)close(scene->writer.text);
	scene->writer.text = open(scene->text, O_WRONLY | O_APPEND | O_CLOEXEC);
	say(scene, 0, "def\n");
	assert_true(text_is(scene, "def\n"));
	assert_int_equal(scene->writer.dropped, 4);
}

/* What each stream has said, and what was read back of it. */
struct said {
	char text[100000];
	size_t length;
};

static void
read_back(const struct scene *scene, struct said back[static 2])
{
	struct joblog_line line;
	struct joblog log;
	struct error err;
	int64_t position = 0, before = 0;

	must(joblog_open(&log, scene->folder->fd, 1, 1, true, NO_LIMIT / 2, &err), &err);
	while (joblog_next(&log, &position, &line, &err) == 1) {
		struct said *to = &back[line.stream == JOBLOG_STDERR];

		assert_true(line.time_ns > 0);
		memcpy(to->text + to->length, line.text, line.length);
		to->length += line.length;
		if (position - before > (int64_t)line.length)
			to->text[to->length++] = '\n';
		before = position;
	}
	joblog_close(&log);
}

static void
test_readers_give_back_what_each_stream_said(void **state)
{
	struct scene *scene = *state;
	struct said *said = calloc(2, sizeof *said), *back = calloc(2, sizeof *back);
	uint64_t seed = 1;

	for (int round = 0; round < 600; round++) {
		int stream = (int)chance(&seed, 2);
		char piece[101];
		uint32_t length = 1 + chance(&seed, 100);

		for (uint32_t i = 0; i < length; i++)
			piece[i] = chance(&seed, 20) == 0 ? '\n' : (char)('a' + chance(&seed, 26));
		piece[length] = '\0';
		say(scene, stream, piece);
		memcpy(said[stream].text + said[stream].length, piece, length);
		said[stream].length += length;
		if (chance(&seed, 30) == 0)
			scene->streams[stream].held_since -= HOLD_MS;
		writer_flush_old(&scene->writer, scene->streams);
	}
	writer_flush(&scene->writer, scene->streams);
	read_back(scene, back);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(back[i].length, said[i].length);
		assert_memory_equal(back[i].text, said[i].text, said[i].length);
	}
	assert_int_equal(scene->writer.dropped, 0);
	free(said);
	free(back);
}

#define test(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_whole_lines_are_written_at_once_and_the_rest_is_held),
		test(test_carriage_return_ends_a_line_unless_a_newline_follows),
		test(test_only_a_line_that_was_held_is_marked_as_unfinished),
		test(test_nothing_to_read_is_not_the_end),
		test(test_two_streams_do_not_cut_each_others_lines),
		test(test_unfinished_line_is_held_for_a_while),
		test(test_unfinished_lines_come_in_the_order_in_which_they_began),
		test(test_more_of_a_line_does_not_make_it_wait_longer),
		test(test_line_of_64_kib_is_written_without_its_end),
		test(test_limit_cuts_at_a_line_and_counts_the_rest),
		test(test_limit_is_of_both_streams_together),
		test(test_log_goes_on_at_its_end),
		test(test_log_that_cannot_be_opened_drops_and_counts),
		test(test_full_disk_drops_and_counts),
		test(test_readers_give_back_what_each_stream_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
