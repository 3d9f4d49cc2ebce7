#ifndef KABUTO_TESTS_JOBLOGSUPPORT_H
#define KABUTO_TESTS_JOBLOGSUPPORT_H
/*
 * What tests of logs share: writing a log and its index as they are in the spool, and reading them.
 */
#include "support.h"

#include "joblog.h"

#define JOB     7
#define ATTEMPT 2
#define LIMIT   (INT64_C(1) << 40)

/* Lines as they are compared: the text itself is looked at where it is at hand. */
struct line {
	int64_t id;
	size_t length;
	enum joblog_stream stream;
	int64_t time_ns;
};

struct lines {
	struct line *items;
	size_t count;
};

static inline void
index_put(int dir, const char *name, const struct joblog_record *records, size_t count)
{
	cleanup_free unsigned char *bytes = malloc(count * JOBLOG_RECORD + 1);

	for (size_t i = 0; i < count; i++)
		joblog_record_encode(bytes + i * JOBLOG_RECORD, &records[i]);
	file_put(dir, name, bytes, count * JOBLOG_RECORD);
}

static inline void
log_put(int dir, const char *text, size_t length, const struct joblog_record *records, size_t count)
{
	file_put(dir, "7.2.log", text, length);
	index_put(dir, "7.2.idx", records, count);
}

static inline struct joblog
log_open(const struct folder *folder, bool final)
{
	struct joblog log;
	struct error err;

	must(joblog_open(&log, folder->fd, JOB, ATTEMPT, final, LIMIT, &err), &err);
	return log;
}

/* Reads on from position to the end, and checks what must hold of any log, whoever wrote it. */
static inline struct lines
read_on(struct joblog *log, int64_t position, const char *text)
{
	struct lines lines = { 0 };
	struct joblog_line line;
	struct error err;
	size_t room = 0;
	int row;

	for (;;) {
		int64_t before = position;

		row = joblog_next(log, &position, &line, &err);
		if (row != 1)
			break;
		assert_true(position > before && position == line.id && position <= log->size);
		assert_true(line.length <= JOBLOG_LINE_MOST);
		assert_true((int64_t)line.length == line.id - before ||
		    ((int64_t)line.length == line.id - before - 1 && text[line.id - 1] == '\n') ||
		    ((int64_t)line.length == line.id - before - 2 &&
			memcmp(text + line.id - 2, "\r\n", 2) == 0));
		assert_memory_equal(line.text, text + before, line.length);
		assert_null(memchr(line.text, '\n', line.length));
		assert_in_range(line.stream, JOBLOG_STDOUT, JOBLOG_SYSTEM);
		if (lines.count == room) {
			room = room == 0 ? 64 : room * 2;
			lines.items = realloc(lines.items, room * sizeof lines.items[0]);
			assert_non_null(lines.items);
		}
		lines.items[lines.count++] =
		    (struct line){ line.id, line.length, line.stream, line.time_ns };
	}
	assert_int_equal(row, 0);
	/* Once at the end, always at the end. */
	assert_int_equal(joblog_next(log, &position, &line, &err), 0);
	return lines;
}

#endif
