/*
 * The words for kabuto-init's diagnosis. An error says what is wrong and what to do.
 */
#include "runexec.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/*
 * The words for each reason (daemon/init/diagnosis.h). %F is the file, %D the detail, %M this
 * machine's processor.
 */
static const struct {
	const char *reason;
	const char *words;
} known[] = {
	{ "case", "the image has no '%F', but it has '%D': write upper and lower case as there" },
	{ "link", "'%F' is a link to '%D', which is not in the image" },
	{ "search", "'%F' cannot be reached: the job's user may not enter the folder '%D'" },
	{ "folder", "'%F' is a folder, not a program" },
	{ "mode",
	    "the job's user may not execute '%F': use chmod +x in the Dockerfile, or run it with its interpreter (sh %F)" },
	{ "noexec",
	    "'%F' is on a filesystem that is mounted noexec: copy it to /tmp, or run it with its interpreter (sh %F)" },
	{ "empty", "'%F' is an empty file" },
	{ "interpreter",
	    "the first line of '%F' names '%D', which is not in the image: install it, or name another interpreter" },
	{ "bom",
	    "'%F' begins with a byte order mark, so that its first line names no interpreter: save it as UTF-8 without BOM" },
	{ "script",
	    "the first line of '%F' names no interpreter: begin the file with #!/bin/sh, or give the command as a shell line" },
	{ "loader",
	    "'%F' needs '%D', which is not in the image: build the program in this image, or link it statically" },
	{ "glibc",
	    "'%F' needs '%D', which is not in the image: it was built for glibc, and the image has musl (Alpine). Use a Debian image, or build the program in this image" },
	{ "machine", "'%F' was built for %D, and this machine is %M: build it for this machine" },
	{ "format", "'%F' is not a program" },
};

static const char windows_lines[] =
    "'%F' has Windows line ends, so that its first line names '%D', which does not exist: "
    "convert it with dos2unix or sed -i 's/\\r$//' %F";

static bool
runexec_ends_in_cr(const char *text)
{
	size_t length = strlen(text);

	return length >= 2 && strcmp(text + length - 2, "\\r") == 0;
}

static const char *
runexec_words(const struct usage *usage)
{
	if (runexec_ends_in_cr(usage->exec_detail) &&
	    (strcmp(usage->exec_reason, "interpreter") == 0 ||
		strcmp(usage->exec_reason, "interpreter_argument") == 0))
		return windows_lines;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(known[i].reason, usage->exec_reason) == 0)
			return known[i].words;
	return NULL;
}

/* Writes the words with their parts filled in. A text that is too long is cut. */
static void
runexec_fill(char *text, size_t size, const char *words, const struct usage *usage)
{
	struct utsname machine;
	size_t at = 0;

	if (uname(&machine) < 0)
		machine.machine[0] = '\0';
	for (; *words != '\0' && at + 1 < size; words++) {
		const char *part = *words != '%' ? NULL
		    : words[1] == 'F'            ? usage->exec_file
		    : words[1] == 'D'            ? usage->exec_detail
						 : machine.machine;

		if (part == NULL) {
			text[at++] = *words;
			continue;
		}
		words++;
		at += (size_t)snprintf(text + at, size - at, "%s", part);
	}
	text[at < size ? at : size - 1] = '\0';
}

/* The job could write any number into the report. */
static const char *
runexec_errno_words(int64_t number)
{
	const char *words = number <= INT_MAX ? strerrordesc_np((int)number) : NULL;

	return words != NULL ? words : "unknown error";
}

void
runexec_explain(char *text, size_t size, const struct usage *usage, const char *program)
{
	const char *words = runexec_words(usage);

	text[0] = '\0';
	if (words != NULL)
		runexec_fill(text, size, words, usage);
	else if (usage->exec_errno == 0)
		return;
	else if (strcmp(program, "/bin/sh") == 0 && usage->exec_errno == ENOENT)
		snprintf(text, size,
		    "the image has no shell (/bin/sh): give the command as a JSON array of strings");
	else if (usage->exec_errno == ENOENT && usage->exec_detail[0] != '\0')
		snprintf(text, size, "there is no program '%s' in the folder '%s'", program,
		    usage->exec_detail);
	else if (usage->exec_errno == ENOENT)
		snprintf(text, size, "the image has no program '%s'", program);
	else
		snprintf(text, size, "the program '%s' could not be started: %s", program,
		    runexec_errno_words(usage->exec_errno));
}
