/*
 * Lines from an honest text and its index: from the beginning, from any place, and the last ones.
 */
#include "joblogsupport.h"

#include "utf8.h"

#define BYTES(text) text, sizeof(text) - 1
#define END                                                                                        \
	{                                                                                          \
		-1, 0, 0, false                                                                    \
	} /* of a row's records or lines */
#define RECORDS_MOST 8
#define LINES_MOST   8

static bool
lines_same(const struct line *a, const struct line *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (a[i].id != b[i].id || a[i].length != b[i].length ||
		    a[i].stream != b[i].stream || a[i].time_ns != b[i].time_ns)
			return false;
	return true;
}

static void
test_text_and_index_give_lines(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		size_t length;
		struct joblog_record records[RECORDS_MOST];
		bool final;
		struct {
			int64_t id;
			const char *text;
			enum joblog_stream stream;
			int64_t time_ns;
		} lines[LINES_MOST];
	} rows[] = {
		{ "nothing", BYTES(""), { END }, true, { { 0 } } },
		{ "one line", BYTES("a\n"), { { 0, 5, JOBLOG_STDOUT, false }, END }, false,
		    { { 2, "a", JOBLOG_STDOUT, 5 } } },
		{ "two lines of one record", BYTES("a\nbc\n"),
		    { { 0, 5, JOBLOG_STDERR, false }, END }, false,
		    { { 2, "a", JOBLOG_STDERR, 5 }, { 5, "bc", JOBLOG_STDERR, 5 } } },
		{ "a record a line", BYTES("a\nb\n"),
		    { { 0, 5, JOBLOG_STDOUT, false }, { 2, 9, JOBLOG_STDOUT, false }, END }, false,
		    { { 2, "a", JOBLOG_STDOUT, 5 }, { 4, "b", JOBLOG_STDOUT, 9 } } },
		{ "empty lines", BYTES("\n\na\n\n"), { { 0, 5, JOBLOG_STDOUT, false }, END }, false,
		    { { 1, "", JOBLOG_STDOUT, 5 }, { 2, "", JOBLOG_STDOUT, 5 },
			{ 4, "a", JOBLOG_STDOUT, 5 }, { 5, "", JOBLOG_STDOUT, 5 } } },
		{ "a NUL, a carriage return, broken UTF-8", BYTES("a\0b\r\n\xff\n"),
		    { { 0, 5, JOBLOG_STDOUT, false }, END }, false,
		    { { 5, "a\0b\r", JOBLOG_STDOUT, 5 }, { 7, "\xff", JOBLOG_STDOUT, 5 } } },
		{ "Windows line ends", BYTES("a\r\n\r\nb\r\n"),
		    { { 0, 5, JOBLOG_STDOUT, false }, END }, false,
		    { { 3, "a", JOBLOG_STDOUT, 5 }, { 5, "", JOBLOG_STDOUT, 5 },
			{ 8, "b", JOBLOG_STDOUT, 5 } } },
		{ "a line end that is written in two chunks", BYTES("a\r\nb\n"),
		    { { 0, 5, JOBLOG_STDOUT, true }, { 2, 9, JOBLOG_STDOUT, false }, END }, false,
		    { { 3, "a", JOBLOG_STDOUT, 5 }, { 5, "b", JOBLOG_STDOUT, 9 } } },
		{ "a progress bar", BYTES("\r1\r2\r\r3\n"), { { 0, 5, JOBLOG_STDERR, false }, END },
		    false,
		    { { 1, "\r", JOBLOG_STDERR, 5 }, { 3, "1\r", JOBLOG_STDERR, 5 },
			{ 5, "2\r", JOBLOG_STDERR, 5 }, { 6, "\r", JOBLOG_STDERR, 5 },
			{ 8, "3", JOBLOG_STDERR, 5 } } },
		{ "a progress bar that moves", BYTES("1\r2\r"),
		    { { 0, 5, JOBLOG_STDOUT, true }, END }, false,
		    { { 2, "1\r", JOBLOG_STDOUT, 5 }, { 3, "2", JOBLOG_STDOUT, 5 } } },
		{ "a return that may become a line end", BYTES("a\n\r"),
		    { { 0, 5, JOBLOG_STDOUT, true }, END }, false,
		    { { 2, "a", JOBLOG_STDOUT, 5 } } },
		{ "a return at the end", BYTES("1\r2\r"), { { 0, 5, JOBLOG_STDOUT, true }, END },
		    true, { { 2, "1\r", JOBLOG_STDOUT, 5 }, { 4, "2\r", JOBLOG_STDOUT, 5 } } },
		{ "a return before another stream", BYTES("1\rB\n"),
		    { { 0, 5, JOBLOG_STDOUT, true }, { 2, 9, JOBLOG_STDERR, false }, END }, false,
		    { { 2, "1\r", JOBLOG_STDOUT, 5 }, { 4, "B", JOBLOG_STDERR, 9 } } },
		{ "unfinished, held back in vain", BYTES("a\nb"),
		    { { 0, 5, JOBLOG_STDOUT, false }, { 2, 9, JOBLOG_STDOUT, true }, END }, false,
		    { { 2, "a", JOBLOG_STDOUT, 5 }, { 3, "b", JOBLOG_STDOUT, 9 } } },
		{ "the same, and the next record is there", BYTES("a"),
		    { { 0, 5, JOBLOG_STDOUT, true }, { 1, 9, JOBLOG_STDOUT, false }, END }, false,
		    { { 1, "a", JOBLOG_STDOUT, 5 } } },
		{ "the same, and some of the next chunk is there", BYTES("a\nb"),
		    { { 0, 5, JOBLOG_STDOUT, true }, { 1, 9, JOBLOG_STDOUT, false }, END }, false,
		    { { 2, "a", JOBLOG_STDOUT, 5 } } },
		{ "unfinished within a character", BYTES("a\xc3"),
		    { { 0, 5, JOBLOG_STDOUT, true }, END }, false,
		    { { 1, "a", JOBLOG_STDOUT, 5 } } },
		{ "unfinished, still written", BYTES("a\nb"),
		    { { 0, 5, JOBLOG_STDOUT, false }, END }, false,
		    { { 2, "a", JOBLOG_STDOUT, 5 } } },
		{ "unfinished at the end", BYTES("a\nb"), { { 0, 5, JOBLOG_STDOUT, false }, END },
		    true, { { 2, "a", JOBLOG_STDOUT, 5 }, { 3, "b", JOBLOG_STDOUT, 5 } } },
		{ "a line of two chunks has the first one's time", BYTES("abcd\n"),
		    { { 0, 5, JOBLOG_STDOUT, false }, { 2, 9, JOBLOG_STDOUT, false }, END }, false,
		    { { 5, "abcd", JOBLOG_STDOUT, 5 } } },
		{ "a change of the stream ends a line", BYTES("abcdef\n"),
		    { { 0, 5, JOBLOG_STDOUT, false }, { 3, 9, JOBLOG_STDERR, false }, END }, false,
		    { { 3, "abc", JOBLOG_STDOUT, 5 }, { 7, "def", JOBLOG_STDERR, 9 } } },
		{ "streams by turns", BYTES("a\nB\nc\nD\n"),
		    { { 0, 1, JOBLOG_STDOUT, false }, { 2, 2, JOBLOG_STDERR, false },
			{ 4, 3, JOBLOG_STDOUT, false }, { 6, 4, JOBLOG_SYSTEM, false }, END },
		    false,
		    { { 2, "a", JOBLOG_STDOUT, 1 }, { 4, "B", JOBLOG_STDERR, 2 },
			{ 6, "c", JOBLOG_STDOUT, 3 }, { 8, "D", JOBLOG_SYSTEM, 4 } } },
		{ "text without a record belongs to the record before it", BYTES("a\nb\nc\n"),
		    { { 0, 1, JOBLOG_STDERR, false }, END }, false,
		    { { 2, "a", JOBLOG_STDERR, 1 }, { 4, "b", JOBLOG_STDERR, 1 },
			{ 6, "c", JOBLOG_STDERR, 1 } } },
		{ "no record at all", BYTES("a\nb\n"), { END }, false,
		    { { 2, "a", JOBLOG_STDOUT, 0 }, { 4, "b", JOBLOG_STDOUT, 0 } } },
		{ "a record without text counts for nothing", BYTES("a\nb\n"),
		    { { 0, 1, JOBLOG_STDOUT, false }, { 2, 2, JOBLOG_STDERR, false },
			{ 2, 3, JOBLOG_STDOUT, false }, END },
		    false, { { 2, "a", JOBLOG_STDOUT, 1 }, { 4, "b", JOBLOG_STDOUT, 3 } } },
		{ "nor does it within a line", BYTES("abcd\n"),
		    { { 0, 1, JOBLOG_STDOUT, false }, { 2, 2, JOBLOG_STDERR, false },
			{ 2, 3, JOBLOG_STDOUT, false }, END },
		    false, { { 5, "abcd", JOBLOG_STDOUT, 1 } } },
		{ "a record ahead of its text", BYTES("a\nb"),
		    { { 0, 1, JOBLOG_STDOUT, false }, { 3, 2, JOBLOG_STDERR, false }, END }, false,
		    { { 2, "a", JOBLOG_STDOUT, 1 }, { 3, "b", JOBLOG_STDOUT, 1 } } },
		{ "a stream of no name counts as stdout", BYTES("a\n"),
		    { { 0, 1, (enum joblog_stream)200, false }, END }, false,
		    { { 2, "a", JOBLOG_STDOUT, 1 } } },
	};
	const struct folder *folder = *state;
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct joblog_line line;
		struct joblog log;
		struct error err;
		size_t records = 0, expected = 0;
		int64_t position = 0;

		while (rows[i].records[records].offset != -1)
			records++;
		log_put(folder->fd, rows[i].text, rows[i].length, rows[i].records, records);
		log = log_open(folder, rows[i].final);
		while (joblog_next(&log, &position, &line, &err) == 1) {
			bool more = expected < LINES_MOST && rows[i].lines[expected].text != NULL;

			row_check(failed, more, "%s: line %zu too many", rows[i].name, expected);
			if (!more)
				break;
			row_check(failed,
			    line.id == rows[i].lines[expected].id && position == line.id &&
				memcmp(line.text, rows[i].lines[expected].text, line.length) == 0,
			    "%s: line %zu has the id %lld and the text '%.*s'", rows[i].name,
			    expected, (long long)line.id, (int)line.length, line.text);
			row_check(failed,
			    line.stream == rows[i].lines[expected].stream &&
				line.time_ns == rows[i].lines[expected].time_ns,
			    "%s: line %zu is of stream %d, time %lld", rows[i].name, expected,
			    line.stream, (long long)line.time_ns);
			expected++;
		}
		row_check(failed, rows[i].lines[expected].text == NULL, "%s: only %zu lines",
		    rows[i].name, expected);
		joblog_close(&log);
	}
	rows_end(failed);
}

static void
test_log_that_is_not_there_is_empty(void **state)
{
	const struct folder *folder = *state;
	struct joblog_line line;
	struct joblog log;
	struct error err;
	int64_t position = 0;

	must(joblog_open(&log, folder->fd, 99, 1, true, LIMIT, &err), &err);
	assert_int_equal(joblog_next(&log, &position, &line, &err), 0);
	must(joblog_tail(&log, 10, &position, &err), &err);
	assert_int_equal(position, 0);
	joblog_close(&log);
	joblog_close(&log);
}

static void
test_link_in_place_of_a_log_is_not_followed(void **state)
{
	const struct folder *folder = *state;
	struct joblog log;
	struct error err;

	assert_int_equal(symlinkat("/etc/passwd", folder->fd, "8.1.log"), 0);
	assert_false(joblog_open(&log, folder->fd, 8, 1, true, LIMIT, &err));
}

static void
test_lines_are_cut_after_64_kib_at_a_whole_character(void **state)
{
	static const char *const characters[] = { "x", "\xc3\xa9", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80" };
	const struct joblog_record record = { 0, 1, JOBLOG_STDOUT, false };
	const size_t length = 3 * JOBLOG_LINE_MOST + 100;
	cleanup_free char *text = malloc(length + 8);
	const struct folder *folder = *state;
	int failed = 0;

	for (size_t c = 0; c < COUNT(characters); c++)
		for (size_t shift = 0; shift < 4; shift++) {
			size_t size = strlen(characters[c]), at = shift;
			struct joblog log;
			struct lines lines;
			int64_t begin = 0;

			memset(text, 'x', shift);
			for (; at + size <= length; at += size)
				memcpy(text + at, characters[c], size);
			text[at++] = '\n';
			log_put(folder->fd, text, at, &record, 1);
			log = log_open(folder, false);
			lines = read_on(&log, 0, text);
			row_check(failed, lines.count == 4 && lines.items[3].id == (int64_t)at,
			    "%zu bytes a character, %zu before: %zu lines", size, shift,
			    lines.count);
			for (size_t i = 0; i < lines.count; i++) {
				row_check(failed, utf8_valid(text + begin, lines.items[i].length),
				    "%zu bytes a character, %zu before: line %zu", size, shift, i);
				row_check(failed,
				    i == 3 || lines.items[i].length > JOBLOG_LINE_MOST - size,
				    "%zu bytes a character, %zu before: line %zu has %zu bytes",
				    size, shift, i, lines.items[i].length);
				begin = lines.items[i].id;
			}
			free(lines.items);
			joblog_close(&log);
		}
	rows_end(failed);
}

static void
test_unfinished_line_of_64_kib_does_not_wait_for_its_end(void **state)
{
	const struct joblog_record record = { 0, 1, JOBLOG_STDOUT, false };
	cleanup_free char *text = malloc(JOBLOG_LINE_MOST);
	const struct folder *folder = *state;
	struct joblog_line line;
	struct joblog log;
	struct error err;
	int64_t position = 0;

	memset(text, 'x', JOBLOG_LINE_MOST);
	log_put(folder->fd, text, JOBLOG_LINE_MOST - 1, &record, 1);
	log = log_open(folder, false);
	assert_int_equal(joblog_next(&log, &position, &line, &err), 0);
	assert_int_equal(position, 0);
	joblog_close(&log);
	log_put(folder->fd, text, JOBLOG_LINE_MOST, &record, 1);
	log = log_open(folder, false);
	assert_int_equal(joblog_next(&log, &position, &line, &err), 1);
	assert_int_equal(line.length, JOBLOG_LINE_MOST);
	joblog_close(&log);
}

/* A log as kabuto-init may write it: chunks of both streams, with their records. The text is the
 * caller's. */
static char *
make_log(int dir, uint64_t *seed, uint32_t chunks, uint32_t longest, size_t *length)
{
	struct joblog_record *records = calloc(chunks + 1, sizeof *records);
	char *text = malloc((size_t)chunks * longest + 1);

	*length = 0;
	for (uint32_t i = 0; i < chunks; i++) {
		uint32_t size = 1 + chance(seed, longest);

		records[i] = (struct joblog_record){ (int64_t)*length, 1000 + i,
			chance(seed, 3) == 0 ? JOBLOG_STDERR : JOBLOG_STDOUT, false };
		for (uint32_t at = 0; at < size; at++)
			text[(*length)++] = chance(seed, 12) == 0 ? '\n'
			    : chance(seed, 12) == 0               ? '\r'
								  : (char)('a' + chance(seed, 26));
	}
	log_put(dir, text, *length, records, chunks);
	free(records);
	return text;
}

static void
test_reading_on_from_every_id_gives_the_same_lines(void **state)
{
	const struct folder *folder = *state;
	uint64_t seed = 1;

	for (int round = 0; round < 20; round++) {
		size_t length;
		cleanup_free char *text =
		    make_log(folder->fd, &seed, 60, round % 2 == 0 ? 8 : 60, &length);
		struct joblog log = log_open(folder, round % 4 < 2);
		struct lines all = read_on(&log, 0, text);

		joblog_close(&log);
		assert_true(all.count > 20);
		for (size_t i = 0; i < all.count; i++) {
			struct lines rest;

			log = log_open(folder, round % 4 < 2);
			rest = read_on(&log, all.items[i].id, text);
			assert_int_equal(rest.count, all.count - i - 1);
			assert_true(lines_same(rest.items, all.items + i + 1, rest.count));
			free(rest.items);
			joblog_close(&log);
		}
		free(all.items);
	}
}

static void
test_an_earlier_position_is_read_as_at_first(void **state)
{
	const struct folder *folder = *state;
	uint64_t seed = 2;
	size_t length;
	cleanup_free char *text = make_log(folder->fd, &seed, 60, 20, &length);
	struct joblog log = log_open(folder, true);
	struct lines all = read_on(&log, 0, text);
	struct lines again = read_on(&log, 0, text);

	assert_int_equal(again.count, all.count);
	assert_true(lines_same(again.items, all.items, all.count));
	free(all.items);
	free(again.items);
	joblog_close(&log);
}

static void
test_following_a_log_that_grows_gives_the_same_lines(void **state)
{
	const struct folder *folder = *state;
	uint64_t seed = 3;
	size_t length, index_length;
	cleanup_free char *text = make_log(folder->fd, &seed, 80, 30, &length);
	cleanup_free char *index = file_get(folder->fd, "7.2.idx", &index_length);
	struct joblog log = log_open(folder, true);
	struct lines all = read_on(&log, 0, text);
	size_t count = 0;
	int64_t position = 0;

	joblog_close(&log);
	file_put(folder->fd, "7.2.log", "", 0);
	file_put(folder->fd, "7.2.idx", "", 0);
	log = log_open(folder, false);
	for (size_t record = 0; record < index_length / JOBLOG_RECORD; record++) {
		const unsigned char *next =
		    (const unsigned char *)index + (record + 1) * JOBLOG_RECORD;
		bool last = (record + 1) * JOBLOG_RECORD == index_length;
		size_t end = last ? length : (size_t)joblog_record_decode(next).offset;
		struct joblog_line line;
		struct error err;

		file_put(folder->fd, "7.2.idx", index, (record + 1) * JOBLOG_RECORD);
		file_put(folder->fd, "7.2.log", text, end);
		must(joblog_refresh(&log, &err), &err);
		log.final = last;
		while (joblog_next(&log, &position, &line, &err) == 1) {
			assert_true(count < all.count);
			assert_int_equal(line.id, all.items[count].id);
			assert_int_equal(line.stream, all.items[count].stream);
			assert_int_equal(line.time_ns, all.items[count].time_ns);
			assert_memory_equal(line.text,
			    text + (count == 0 ? 0 : all.items[count - 1].id), line.length);
			count++;
		}
	}
	assert_int_equal(count, all.count);
	free(all.items);
	joblog_close(&log);
}

static void
test_tail_gives_the_last_lines_of_all(void **state)
{
	const struct folder *folder = *state;
	uint64_t seed = 4;

	for (int round = 0; round < 12; round++) {
		size_t length;
		cleanup_free char *text =
		    make_log(folder->fd, &seed, round % 3 == 0 ? 3 : 60, 20, &length);
		bool final = round % 2 == 0;
		struct joblog log = log_open(folder, final);
		struct lines all = read_on(&log, 0, text);

		joblog_close(&log);
		for (size_t lines = 0; lines < all.count + 3; lines++) {
			size_t skipped = lines < all.count ? all.count - lines : 0;
			int64_t position = -1;
			struct error err;
			struct lines last;

			log = log_open(folder, final);
			must(joblog_tail(&log, (int64_t)lines, &position, &err), &err);
			if (lines == 0) {
				assert_int_equal(position, length);
			} else {
				last = read_on(&log, position, text);
				assert_int_equal(last.count, all.count - skipped);
				assert_true(lines_same(last.items, all.items + skipped,
				    last.count));
				free(last.items);
			}
			joblog_close(&log);
		}
		free(all.items);
	}
}

static void
test_tail_after_reading_gives_the_same_lines(void **state)
{
	const struct folder *folder = *state;
	uint64_t seed = 5;
	size_t length;
	cleanup_free char *text = make_log(folder->fd, &seed, 60, 20, &length);
	struct joblog log = log_open(folder, true);
	struct lines all = read_on(&log, 0, text), last;
	struct error err;
	int64_t position = 0;

	must(joblog_tail(&log, 10, &position, &err), &err);
	last = read_on(&log, position, text);
	assert_int_equal(last.count, 10);
	assert_true(lines_same(last.items, all.items + all.count - 10, 10));
	free(all.items);
	free(last.items);
	joblog_close(&log);
}

static void
test_tail_goes_back_over_long_lines(void **state)
{
	const struct joblog_record record = { 0, 1, JOBLOG_STDOUT, false };
	const size_t length = 10 * JOBLOG_LINE_MOST;
	cleanup_free char *text = malloc(length);
	const struct folder *folder = *state;
	struct joblog log;
	struct lines all, last;
	struct error err;
	int64_t position = 0;

	memset(text, 'x', length);
	text[99] = text[length - 5] = text[length - 1] = '\n';
	log_put(folder->fd, text, length, &record, 1);
	log = log_open(folder, true);
	all = read_on(&log, 0, text);
	joblog_close(&log);
	for (size_t lines = 1; lines <= all.count; lines++) {
		log = log_open(folder, true);
		must(joblog_tail(&log, (int64_t)lines, &position, &err), &err);
		last = read_on(&log, position, text);
		assert_int_equal(last.count, lines);
		assert_true(lines_same(last.items, all.items + all.count - lines, lines));
		free(last.items);
		joblog_close(&log);
	}
	free(all.items);
}

#define test(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_text_and_index_give_lines),
		test(test_log_that_is_not_there_is_empty),
		test(test_link_in_place_of_a_log_is_not_followed),
		test(test_lines_are_cut_after_64_kib_at_a_whole_character),
		test(test_unfinished_line_of_64_kib_does_not_wait_for_its_end),
		test(test_reading_on_from_every_id_gives_the_same_lines),
		test(test_an_earlier_position_is_read_as_at_first),
		test(test_following_a_log_that_grows_gives_the_same_lines),
		test(test_tail_gives_the_last_lines_of_all),
		test(test_tail_after_reading_gives_the_same_lines),
		test(test_tail_goes_back_over_long_lines),
	};

	(void)alarm(300); /* a read that never ends fails, too */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
