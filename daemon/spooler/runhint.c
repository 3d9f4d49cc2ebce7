/*
 * Reads the last lines of an attempt's log. Programs that were written for docker run often change
 * their input where it lies, and say nothing of /inbox when they cannot. Then reads the scripts
 * among the attachments: a shell says "syntax error" or "not found" of a line that ends in CR LF.
 */
#include "runhint.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attachment.h"
#include "cleanup.h"
#include "joblog.h"
#include "utf8.h"
#include "worker.h"

#define LAST_LINES 20
#define LINE_MOST  1024 /* bytes of a line that are examined */
#define NAME_MOST  200  /* bytes of a file's name in the hint */
#define HEAD_MOST  4096 /* bytes of a script that are examined */

/* Whether the line says that a file could not be written (the C library, SQLite, Java, Node.js). */
static bool
runhint_is_read_only(const char *line)
{
	static const char *const words[] = { "read-only file system",
		"unable to open database file", "attempt to write a readonly database",
		"readonlyfilesystemexception", "erofs" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcasestr(line, words[i]) != NULL)
			return true;
	return false;
}

/* Whether the line names another place that is read-only in each container. */
static bool
runhint_is_elsewhere(const char *line)
{
	return strstr(line, "/inbox") == NULL &&
	    (strstr(line, "/proc/") != NULL || strstr(line, "/sys/") != NULL);
}

/* Copies the path in /inbox that the line names. Returns false if it names none. */
static bool
runhint_path(const char *line, char path[static NAME_MOST])
{
	const char *from = strstr(line, "/inbox/");
	size_t length = from == NULL ? 0 : strcspn(from, " \t\r\"'`:;,()[]<>");

	if (length <= strlen("/inbox/") || length >= NAME_MOST)
		return false;
	memcpy(path, from, length);
	path[length] = '\0';
	return true;
}

/* Finds a line that tells the reason; path gets the file in /inbox that it names, if any. */
static bool
runhint_search(struct joblog *log, char path[static NAME_MOST])
{
	struct joblog_line line;
	struct error ignored;
	int64_t position = 0;
	bool found = false;

	if (!joblog_tail(log, LAST_LINES, &position, &ignored))
		return false;
	while (joblog_next(log, &position, &line, &ignored) == 1) {
		char text[LINE_MOST];

		snprintf(text, sizeof text, "%.*s",
		    (int)(line.length < sizeof text ? line.length : sizeof text - 1), line.text);
		if (line.stream == JOBLOG_SYSTEM || !runhint_is_read_only(text) ||
		    runhint_is_elsewhere(text))
			continue;
		found = true;
		if (runhint_path(text, path))
			break;
	}
	return found;
}

/* Whether a shell takes the name as one word, as it is. */
static bool
runhint_is_plain(const char *name)
{
	return strlen(name) + sizeof "/inbox/" <= NAME_MOST &&
	    strpbrk(name, " '\"`$\\*?[&;|()<>#~") == NULL;
}

/*
 * Makes path the attachment that is to be copied: the one that it names, or the only one. Otherwise
 * "/inbox/...".
 */
static void
runhint_choose(struct run *run, char path[static NAME_MOST])
{
	struct attachments files = { 0 };
	struct error ignored;
	bool named = false;

	if (!attachment_list(&run->worker->db, run->job.id, &files, &ignored))
		files.count = 0;
	for (size_t i = 0; i < files.count; i++)
		named = named || strcmp(path + strlen("/inbox/"), files.items[i].name) == 0;
	if (!named && files.count == 1 && runhint_is_plain(files.items[0].name))
		snprintf(path, NAME_MOST, "/inbox/%s", files.items[0].name);
	else if (!named)
		snprintf(path, NAME_MOST, "/inbox/...");
	attachment_clear(&files);
}

/* Whether the command names the script, which is one by the end of its name. */
static bool
runhint_is_run(const char *command, const char *name)
{
	const char *end = strrchr(name, '.');

	return end != NULL && (strcmp(end, ".sh") == 0 || strcmp(end, ".bash") == 0) &&
	    strstr(command, name) != NULL;
}

/* Whether the first line of the job's attachment ends in CR LF. */
static bool
runhint_has_cr(const struct run *run, const char *name)
{
	cleanup_close int folder = openat(run->worker->spooler->spool.inbox,
	    run->job.attachment_token, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int file =
	    folder < 0 ? -1 : openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char head[HEAD_MOST], *end;
	ssize_t length = file < 0 ? -1 : read(file, head, sizeof head);

	end = length > 0 ? memchr(head, '\n', (size_t)length) : NULL;
	return end != NULL && end > head && end[-1] == '\r';
}

/* Writes the hint for a script that has Windows line ends, unless the error says so already. */
static void
runhint_find_script(struct run *run, char text[static RUNHINT_TEXT])
{
	struct attachments files = { 0 };
	struct error ignored;

	if (run->job.command == NULL || strstr(run->error, "Windows line ends") != NULL ||
	    !attachment_list(&run->worker->db, run->job.id, &files, &ignored))
		files.count = 0;
	for (size_t i = 0; i < files.count && text[0] == '\0'; i++) {
		const char *name = files.items[i].name;

		if (runhint_is_plain(name) && runhint_is_run(run->job.command, name) &&
		    runhint_has_cr(run, name))
			snprintf(text, RUNHINT_TEXT,
			    "next step: /inbox/%s has Windows line ends, which a shell takes for a part of its commands: convert it with dos2unix, or let the job run a copy made by tr -d '\\r'",
			    name);
	}
	attachment_clear(&files);
}

void
runhint_find(struct run *run, char text[static RUNHINT_TEXT])
{
	const struct worker *worker = run->worker;
	char path[NAME_MOST] = "/inbox/";
	struct error ignored;
	struct joblog log;
	bool found;

	text[0] = '\0';
	if (run->error[0] == '\0' || run->cancelled || run->job.attachment_token[0] == '\0' ||
	    !joblog_open(&log, worker->spooler->spool.logs, run->job.id, run->job.attempt, true,
		worker->config->log_limit, &ignored))
		return;
	found = runhint_search(&log, path);
	joblog_close(&log);
	if (found) {
		runhint_choose(run, path);
		snprintf(text, RUNHINT_TEXT,
		    "next step: /inbox cannot be written; if the job changes its files, let it begin with: cp %s .",
		    path);
	} else {
		runhint_find_script(run, text);
	}
	(void)utf8_printable(utf8_make_valid(text));
}
