/*
 * Reading of a log whose two files a job has written as it liked: ids grow, each line is the text
 * between two ids, reading on from any id gives the same rest, and the last lines are the last
 * ones. Input: flags, where reading on begins, how many last lines, how often both are repeated,
 * the number of records, these, the text.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line of 64 bytes, so that small inputs reach what happens at its end and at the windows'. */
#include "joblog_record.h"
#undef JOBLOG_LINE_MOST
#define JOBLOG_LINE_MOST 64
#include "src/store/joblog.c"

#define FLAG_FINAL 1
#define FLAG_SEAL  2
#define FLAG_LIMIT 4 /* a limit that cuts the text */

struct lines {
	struct joblog_line *items; /* their texts are gone */
	size_t count, room;
};

static void
lines_add(struct lines *lines, const struct joblog_line *line)
{
	if (lines->count == lines->room) {
		lines->room = lines->room * 2 + 16;
		lines->items = realloc(lines->items, lines->room * sizeof *line);
		assert(lines->items != NULL);
	}
	lines->items[lines->count++] = *line;
}

static int folder = -1;
static char *text;
static int64_t text_length;

static void
put(const char *name, const void *data, size_t length, unsigned times)
{
	cleanup_close int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert(fd >= 0);
	while (times-- > 0)
		assert(write(fd, data, length) == (ssize_t)length);
}

static void
get_text(void)
{
	cleanup_close int fd = openat(folder, "1.1.log", O_RDONLY);
	struct stat st;

	assert(fd >= 0 && fstat(fd, &st) == 0);
	free(text);
	text_length = st.st_size;
	text = malloc((size_t)text_length + 1);
	assert(text != NULL && read(fd, text, (size_t)text_length) == text_length);
}

static void
check_line(const struct joblog_line *line, int64_t position, bool final)
{
	int64_t end = position + (int64_t)line->length;

	assert(line->id > position && line->id <= text_length);
	assert(line->length <= JOBLOG_LINE_MOST);
	assert(line->length == 0 || memcmp(line->text, text + position, line->length) == 0);
	assert(line->length == 0 || memchr(line->text, '\n', line->length) == NULL);
	assert(line->id == end || (line->id == end + 1 && text[end] == '\n') ||
	    (line->id == end + 2 && memcmp(text + end, "\r\n", 2) == 0));
	assert(!line->partial || line->id == end);
	assert(line->length < 2 || memchr(line->text, '\r', line->length - 1) == NULL);
	assert(final || line->id < text_length || text[line->id - 1] == '\n' || line->length > 0);
	assert(line->stream >= JOBLOG_STDOUT && line->stream <= JOBLOG_SYSTEM);
}

/* Whether no record lies before the one before it: of others the time and stream are anyone's. */
static bool
is_sorted(struct joblog *log)
{
	struct joblog_record record, former = { 0 };

	for (int64_t i = 0; i < log->records; i++) {
		if (!joblog_record_at(log, i, &record) || record.offset < former.offset)
			return false;
		former = record;
	}
	return true;
}

static struct lines
read_from(struct joblog *log, int64_t position)
{
	struct lines lines = { 0 };
	struct joblog_line line;
	struct error err;
	int64_t at = position;
	int row;

	while ((row = joblog_next(log, &at, &line, &err)) != 0) {
		assert(row == 1 && at == line.id);
		check_line(&line, position, log->final);
		position = at;
		lines_add(&lines, &line);
	}
	assert(!log->final || position == log->size);
	return lines;
}

static bool
same(const struct joblog_line *a, const struct joblog_line *b)
{
	return a->id == b->id && a->length == b->length && a->stream == b->stream &&
	    a->time_ns == b->time_ns;
}

static void
check_rest(const struct lines *lines, const struct lines *rest, size_t from)
{
	assert(rest->count == lines->count - from);
	for (size_t i = 0; i < rest->count; i++)
		assert(same(&rest->items[i], &lines->items[from + i]));
}

static void
check_log(int64_t limit, bool final, unsigned from, int64_t last)
{
	struct lines lines, rest;
	struct joblog log;
	struct error err;
	int64_t position = 0;
	bool sorted;

	assert(joblog_open(&log, folder, 1, 1, final, limit, &err));
	sorted = is_sorted(&log);
	lines = read_from(&log, 0);
	if (lines.count > 0) {
		from %= (unsigned)lines.count;
		rest = read_from(&log, lines.items[from].id);
		if (sorted)
			check_rest(&lines, &rest, from + 1);
		free(rest.items);
		assert(joblog_tail(&log, last, &position, &err));
		rest = read_from(&log, position);
		assert(!sorted || rest.count <= (size_t)last);
		assert(!sorted || rest.count == (size_t)last || rest.count == lines.count);
		if (sorted)
			check_rest(&lines, &rest, lines.count - rest.count);
		free(rest.items);
	}
	free(lines.items);
	joblog_close(&log);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char one[] = "system line one", two[] = "two";
	static char *const system_lines[] = { one, two };
	struct input input = { data, size };
	unsigned flags = input_byte(&input), from = input_byte(&input), last = input_byte(&input);
	unsigned times = 1u << input_byte(&input) % 6;
	size_t records = input_byte(&input) * (size_t)JOBLOG_RECORD;
	cleanup_free char *index = input_take(&input, &records);
	int64_t limit = (flags & FLAG_LIMIT) != 0 ? (int64_t)size / 2 - SYSTEM_ROOM : 1 << 20;
	struct error err;

	if (folder < 0) {
		const char *path = getenv("KABUTO_FUZZ_FOLDER");
		char name[] = "kabuto-fuzz.XXXXXX";

		assert(chdir(path != NULL ? path : "/tmp") == 0 && mkdtemp(name) != NULL);
		folder = open(name, O_RDONLY | O_DIRECTORY);
		assert(folder >= 0);
	}
	put("1.1.idx", index, records, times);
	put("1.1.log", input.data, input.size, times);
	get_text();
	check_log(limit, (flags & FLAG_FINAL) != 0, from, last);
	if ((flags & FLAG_SEAL) != 0) {
		limit = (flags & FLAG_LIMIT) != 0 ? (int64_t)size / 2 : 1 << 20;
		assert(joblog_seal(folder, 1, 1, limit, system_lines, 2, &err));
		get_text();
		assert(text_length <= limit + (int64_t)(strlen(one) + strlen(two) + 2));
		assert(text_length >= 4 && memcmp(text + text_length - 4, "two\n", 4) == 0);
		check_log(limit, true, from, last);
	}
	return 0;
}
