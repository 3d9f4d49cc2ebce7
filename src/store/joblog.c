/*
 * Reads lines from two append-only files. Two cursors move through the index while the text is
 * read, so that reading a whole log reads each byte and each record once, even if the job has
 * written to the files.
 */
#include "joblog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "samples_record.h"
#include "spool.h"
#include "tree.h"
#include "utf8.h"
#include "write.h"

#define WINDOW      (4 * JOBLOG_LINE_MOST)
#define RECORDS     (JOBLOG_LINE_MOST / 32) /* in record_window */
#define AHEAD_MOST  16                      /* records of which the text is not there yet */
#define SYSTEM_ROOM (256 * 1024)            /* bytes of our own lines after the limit */

const char *const joblog_suffixes[JOBLOG_FILES] = { "log", "idx", JOBLOG_USAGE };

const char *
joblog_name(char name[static JOBLOG_NAME], int64_t job, int64_t attempt, const char *suffix)
{
	snprintf(name, JOBLOG_NAME, "%lld.%lld.%s", (long long)job, (long long)attempt, suffix);
	return name;
}

static int64_t
joblog_least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool
joblog_file_size(int fd, int64_t *size, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, "read the size of the log");
	*size = st.st_size;
	return true;
}

bool
joblog_open(struct joblog *log, int logs, int64_t job, int64_t attempt, bool final, int64_t limit,
    struct error *err)
{
	char name[JOBLOG_NAME];

	*log = (struct joblog){
		.text = -1, .index = -1, .final = final, .limit = limit + SYSTEM_ROOM
	};
	log->text =
	    openat(logs, joblog_name(name, job, attempt, "log"), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	/* A job that runs as root can make its log unreadable until joblog_seal. */
	if (log->text < 0 && errno != ENOENT && (errno != EACCES || final))
		return error_errno(err, "open the log '%s'", name);
	log->index =
	    openat(logs, joblog_name(name, job, attempt, "idx"), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	log->window = malloc(WINDOW);
	log->record_window = malloc((size_t)RECORDS * JOBLOG_RECORD);
	if (log->window == NULL || log->record_window == NULL) {
		joblog_close(log);
		return error_set(err, ERROR_SYSTEM, "read a log: not enough memory");
	}
	if (joblog_refresh(log, err))
		return true;
	joblog_close(log);
	return false;
}

int64_t
joblog_size(int logs, int64_t job, int64_t attempt, int64_t limit)
{
	char name[JOBLOG_NAME];
	struct stat st;

	return fstatat(logs, joblog_name(name, job, attempt, "log"), &st, AT_SYMLINK_NOFOLLOW) < 0
	    ? 0
	    : joblog_least(st.st_size, limit + SYSTEM_ROOM);
}

void
joblog_close(struct joblog *log)
{
	if (log->text >= 0)
		(void)close(log->text);
	if (log->index >= 0)
		(void)close(log->index);
	free(log->window);
	free(log->record_window);
	*log = (struct joblog){ .text = -1, .index = -1 };
}

bool
joblog_refresh(struct joblog *log, struct error *err)
{
	int64_t text = 0, index = 0;

	/*
	 * The text first: its records were written before it, so the size of the index, which is
	 * read next, includes them.
	 */
	if ((log->text >= 0 && !joblog_file_size(log->text, &text, err)) ||
	    (log->index >= 0 && !joblog_file_size(log->index, &index, err)))
		return false;
	log->size = joblog_least(text, log->limit);
	/*
	 * kabuto-init writes text with each record. If there are more records, the job wrote them.
	 */
	log->records = joblog_least(index / JOBLOG_RECORD, log->size + 1024);
	log->window_length = 0;
	log->record_window_count = 0;
	log->placed = false;
	return true;
}

/* Reads `room` bytes at offset, or fewer at the file's end. Returns -1 on error. */
static ssize_t
joblog_read_at(int fd, void *to, size_t room, int64_t offset)
{
	size_t length = 0;

	while (length < room) {
		ssize_t got =
		    pread(fd, (char *)to + length, room - length, offset + (int64_t)length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

/*
 * Points *text to the text at position in the window, and reads the window if needed. *held gets
 * how many bytes it has: length (at most a line's), or fewer at the end of the text.
 */
static bool
joblog_view(struct joblog *log, int64_t position, size_t length, const char **text, size_t *held,
    struct error *err)
{
	int64_t end = log->window_at + (int64_t)log->window_length;
	ssize_t got;

	if (position < log->window_at ||
	    end < joblog_least(position + (int64_t)length, log->size) || log->window_length == 0) {
		got = joblog_read_at(log->text, log->window,
		    (size_t)joblog_least(WINDOW, log->size - position), position);
		if (got < 0)
			return error_errno(err, "read a log");
		log->window_at = position;
		log->window_length = (size_t)got;
		end = position + got;
	}
	*text = log->window + (position - log->window_at);
	*held = position < end ? (size_t)joblog_least((int64_t)length, end - position) : 0;
	return true;
}

/* Gets record number i. Returns false if it does not exist or cannot be read. */
static bool
joblog_record_at(struct joblog *log, int64_t i, struct joblog_record *record)
{
	if (i < 0 || i >= log->records)
		return false;
	if (i < log->record_window_at ||
	    i >= log->record_window_at + (int64_t)log->record_window_count) {
		ssize_t got = joblog_read_at(log->index, log->record_window,
		    (size_t)RECORDS * JOBLOG_RECORD, i * JOBLOG_RECORD);

		log->record_window_at = i;
		log->record_window_count = got < 0 ? 0 : (size_t)got / JOBLOG_RECORD;
		if (log->record_window_count == 0)
			return false;
	}
	*record =
	    joblog_record_decode(log->record_window + (i - log->record_window_at) * JOBLOG_RECORD);
	return true;
}

/*
 * Places the cursors at any position, by a binary search for the last record at or before it.
 */
static void
joblog_place(struct joblog *log, int64_t position)
{
	int64_t low = 0, high = log->records;
	struct joblog_record record;

	while (low < high) {
		int64_t middle = low + (high - low) / 2;

		if (joblog_record_at(log, middle, &record) && record.offset <= position)
			low = middle + 1;
		else
			high = middle;
	}
	log->covering = low - 1;
	log->changing = low;
	log->placed = true;
}

/* Whether record i has text. If it has none, the next record has the same offset. */
static bool
joblog_has_text(struct joblog *log, int64_t i)
{
	struct joblog_record record, next;

	return !joblog_record_at(log, i, &record) || !joblog_record_at(log, i + 1, &next) ||
	    next.offset > record.offset;
}

/*
 * Sets the line's stream and time. Returns where the next chunk of another stream begins, or where
 * the longest possible line ends if that comes first.
 */
static int64_t
joblog_segment(struct joblog *log, int64_t position, struct joblog_line *line)
{
	struct joblog_record here, next;
	int64_t reach = position + JOBLOG_LINE_MOST;

	if (!log->placed || position < log->reached)
		joblog_place(log, position);
	log->reached = position;
	while (joblog_record_at(log, log->covering + 1, &next) && next.offset <= position)
		log->covering++;
	if (!joblog_record_at(log, log->covering, &here))
		here = (struct joblog_record){ .stream = JOBLOG_STDOUT };
	line->stream = here.stream;
	line->time_ns = here.time_ns;
	if (log->changing <= log->covering)
		log->changing = log->covering + 1;
	while (joblog_record_at(log, log->changing, &next) && next.offset <= reach) {
		if (next.stream != here.stream && next.offset > position &&
		    joblog_has_text(log, log->changing))
			return next.offset;
		log->changing++;
	}
	return reach;
}

/*
 * Whether the text ends within a line that kabuto-init held back for a while. Records that are
 * ahead of their text do not count.
 */
static bool
joblog_is_unfinished(struct joblog *log)
{
	struct joblog_record record;

	for (int64_t i = log->records - 1; i >= log->records - AHEAD_MOST; i--)
		if (!joblog_record_at(log, i, &record) || record.offset < log->size)
			return i >= 0 && record.offset < log->size && record.unfinished;
	return false;
}

/*
 * Finds the end of the line at the beginning of text, which has held bytes. *length gets the line's
 * length, *used that with its end. Returns false if the end is not there; then both are the length
 * so far, without a "\r" at the end that a "\n" may follow. last: nothing follows.
 */
static bool
joblog_find_end(const char *text, size_t held, bool last, size_t *length, size_t *used)
{
	const char *newline = memchr(text, '\n', held), *mark;

	*length = newline == NULL ? held : (size_t)(newline - text);
	*used = *length + (newline != NULL);
	mark = memchr(text, '\r', *length);
	if (mark == NULL)
		return newline != NULL;
	*length = (size_t)(mark - text);
	if (mark + 1 == newline)
		return true;
	if (*length + 1 < held || last)
		++*length;
	*used = *length;
	return *length > (size_t)(mark - text);
}

int
joblog_next(struct joblog *log, int64_t *position, struct joblog_line *line, struct error *err)
{
	const char *text = NULL;
	int64_t end;
	size_t held = 0, used;
	bool whole;

	if (log->text < 0 || *position < 0 || *position >= log->size)
		return 0;
	end = joblog_segment(log, *position, line);
	if (!joblog_view(log, *position, (size_t)(end - *position), &text, &held, err))
		return -1;
	if (held == 0)
		return 0; /* the file was cut */
	/* True if the line ends by its length or at a change of stream. */
	whole = *position + (int64_t)held == end;
	line->partial = !joblog_find_end(text, held, whole ? held < JOBLOG_LINE_MOST : log->final,
	    &line->length, &used);
	if (line->partial) {
		if (!whole && !log->final && !joblog_is_unfinished(log))
			return 0;
		if (held == JOBLOG_LINE_MOST || (!whole && !log->final))
			used = line->length = utf8_cut(text, line->length);
		if (used == 0)
			return 0;
		line->partial = !log->final || *position + (int64_t)used < log->size;
	}
	line->text = text;
	line->id = *position + (int64_t)used;
	*position = line->id;
	return 1;
}

/* Finds where the last `lines` lines begin that end in "\n", "\r\n" or "\r". */
static bool
joblog_back_lines(struct joblog *log, int64_t lines, int64_t *start, struct error *err)
{
	char next = log->final ? '\0' : '\n'; /* a "\r" at the end may not be an end yet */
	int64_t at = log->size;

	while (at > 0) {
		int64_t from = at > WINDOW ? at - WINDOW : 0;
		ssize_t got = joblog_read_at(log->text, log->window, (size_t)(at - from), from);

		log->window_length = 0; /* joblog_view must read it again */
		if (got < 0)
			return error_errno(err, "read a log");
		for (ssize_t i = got - 1; i >= 0; next = log->window[i--])
			if ((log->window[i] == '\n' || (log->window[i] == '\r' && next != '\n')) &&
			    lines-- == 0) {
				*start = from + i + 1;
				return true;
			}
		at = from;
	}
	*start = 0;
	return true;
}

bool
joblog_tail(struct joblog *log, int64_t lines, int64_t *position, struct error *err)
{
	cleanup_free int64_t *begins = NULL;
	struct joblog_line line;
	int64_t at = 0, count = 0, room = lines + 1;
	int row;

	*position = 0;
	if (log->text < 0 || log->size == 0)
		return true;
	*position = log->size;
	if (lines == 0)
		return true;
	begins = calloc((size_t)room, sizeof begins[0]);
	if (begins == NULL)
		return error_set(err, ERROR_SYSTEM, "read a log's end: not enough memory");
	if (!joblog_back_lines(log, lines, &at, err))
		return false;
	/*
	 * Lines also end at changes of the stream and after 64 KiB, so there may be more lines from
	 * here on: keep where the last ones begin.
	 */
	for (begins[0] = at; (row = joblog_next(log, &at, &line, err)) == 1;
	     begins[count % room] = at)
		count++;
	*position = begins[(count > lines ? count - lines : 0) % room];
	return row == 0;
}

bool
joblog_create(int logs, int64_t job, int64_t attempt, struct error *err)
{
	char name[JOBLOG_NAME];

	for (size_t i = 0; i < JOBLOG_FILES; i++) {
		cleanup_close int fd =
		    openat(logs, joblog_name(name, job, attempt, joblog_suffixes[i]),
			O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);

		if (fd < 0 || fchmod(fd, 0666) < 0)
			return error_errno(err, "make the log '%s'", name);
	}
	return true;
}

/* Whether the text begins with the remark JOBLOG_PULLED, which the first record is for. */
static bool
joblog_has_remark(int text)
{
	char line[sizeof JOBLOG_PULLED];

	return joblog_read_at(text, line, sizeof line, 0) == sizeof line &&
	    memcmp(line, JOBLOG_PULLED "\n", sizeof line) == 0;
}

/*
 * Finds where the spooler's own lines at the end of the log begin: *offset in the text, *records in
 * the index. The remark at the beginning is not one of them. Both must be set to the end before.
 */
static bool
joblog_system_tail(int text, int index, int64_t *records, int64_t *offset, struct error *err)
{
	unsigned char bytes[JOBLOG_RECORD];
	int64_t first = joblog_has_remark(text);

	while (*records > first) {
		ssize_t got =
		    joblog_read_at(index, bytes, sizeof bytes, (*records - 1) * JOBLOG_RECORD);
		struct joblog_record record;

		if (got < 0)
			return error_errno(err, "read a log's index");
		if (got < (ssize_t)sizeof bytes)
			return error_set(err, ERROR_SYSTEM,
			    "read a log's index: it became shorter: a process still changes it");
		record = joblog_record_decode(bytes);
		if (record.stream != JOBLOG_SYSTEM)
			return true;
		*offset = joblog_least(*offset, record.offset);
		--*records;
	}
	return true;
}

static bool
joblog_append_system(int text, int index, int64_t *offset, const char *line)
{
	const struct joblog_record record = { *offset, clock_now_ns(), JOBLOG_SYSTEM, false };
	unsigned char bytes[JOBLOG_RECORD];
	size_t length = strlen(line);

	joblog_record_encode(bytes, &record);
	*offset += (int64_t)length + 1;
	return write_whole(index, bytes, sizeof bytes) && write_whole(text, line, length) &&
	    write_whole(text, "\n", 1);
}

bool
joblog_remark(int logs, int64_t job, int64_t attempt, const char *line, struct error *err)
{
	char text_name[JOBLOG_NAME], index_name[JOBLOG_NAME];
	cleanup_close int text = -1, index = -1;
	int64_t size = 0;

	text = openat(logs, joblog_name(text_name, job, attempt, "log"),
	    O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	index = openat(logs, joblog_name(index_name, job, attempt, "idx"),
	    O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (text < 0 || index < 0)
		return error_errno(err, "open the log '%s'", text_name);
	return joblog_file_size(text, &size, err) &&
	    (joblog_append_system(text, index, &size, line) ||
		error_errno(err, "write to the log '%s'", text_name));
}

bool
joblog_is_overgrown(int logs, int64_t job, int64_t attempt, int64_t limit)
{
	char name[JOBLOG_NAME];

	/*
	 * kabuto-init writes at least one byte of text with each record, unless the disk is full.
	 */
	return tree_file_is_over(logs, joblog_name(name, job, attempt, "log"), limit) ||
	    tree_file_is_over(logs, joblog_name(name, job, attempt, "idx"),
		joblog_least(limit, INT64_MAX / JOBLOG_RECORD / 2) * JOBLOG_RECORD) ||
	    tree_file_is_over(logs, joblog_name(name, job, attempt, JOBLOG_USAGE), SAMPLES_BYTES);
}

bool
joblog_seal(int logs, int64_t job, int64_t attempt, int64_t limit, char *const *lines, size_t count,
    struct error *err)
{
	char text_name[JOBLOG_NAME], index_name[JOBLOG_NAME];
	cleanup_close int text = -1, index = -1;
	int64_t size = 0, records = 0;

	text = openat(logs, joblog_name(text_name, job, attempt, "log"),
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	index = openat(logs, joblog_name(index_name, job, attempt, "idx"),
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (text < 0 || index < 0)
		return error_errno(err, "open the log '%s'", text_name);
	if (!joblog_file_size(text, &size, err) || !joblog_file_size(index, &records, err))
		return false;
	records /= JOBLOG_RECORD;
	if (!joblog_system_tail(text, index, &records, &size, err))
		return false;
	size = joblog_least(size, limit);
	if (records > limit)
		records = limit; /* kabuto-init writes at least one byte of text with each */
	if (ftruncate(text, size) < 0 || ftruncate(index, records * JOBLOG_RECORD) < 0 ||
	    lseek(text, 0, SEEK_END) < 0 || lseek(index, 0, SEEK_END) < 0)
		return error_errno(err, "cut the log '%s'", text_name);
	for (size_t i = 0; i < count; i++)
		if (!joblog_append_system(text, index, &size, lines[i]))
			return error_errno(err, "write to the log '%s'", text_name);
	if (!spool_close_to_others(logs, text) || !spool_close_to_others(logs, index) ||
	    fsync(text) < 0 || fsync(index) < 0)
		return error_errno(err, "close the log '%s'", text_name);
	return true;
}
