/*
 * The terminal: colours, width, pager, and texts without control characters.
 */
#include "display.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "exitcode.h"
#include "number.h"
#include "utf8.h"

#define COLUMNS_USUAL 80

static pid_t display_pager; /* 0: none */

bool
display_is_terminal(FILE *stream)
{
	return (stream == stdout && display_pager != 0) || isatty(fileno(stream)) == 1;
}

static const char *
display_variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *
display_colour(FILE *stream, enum display_colour colour)
{
	static const char *const escapes[DISPLAY_COLOURS] = {
		[DISPLAY_PLAIN] = "\033[0m",
		[DISPLAY_BOLD] = "\033[1m",
		[DISPLAY_DIM] = "\033[2m",
		[DISPLAY_RED] = "\033[31m",
		[DISPLAY_GREEN] = "\033[32m",
		[DISPLAY_YELLOW] = "\033[33m",
		[DISPLAY_BLUE] = "\033[34m",
	};
	const char *terminal = display_variable("TERM");

	return display_is_terminal(stream) && display_variable("NO_COLOR") == NULL &&
		terminal != NULL && strcmp(terminal, "dumb") != 0
	    ? escapes[colour]
	    : "";
}

int
display_width(void)
{
	const char *columns = display_variable("COLUMNS");
	struct winsize size;
	int64_t number;

	if (columns != NULL && number_parse_integer(columns, &number) && number > 0 &&
	    number < 10000)
		return (int)number;
	if ((ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ||
		ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0) &&
	    size.ws_col > 0)
		return size.ws_col;
	return COLUMNS_USUAL;
}

/*
 * Returns the length of the control character at the beginning of text; 0: it is none. These are C0
 * and DEL, C1 (U+0080 to U+009F), and those that change the direction of text (U+202A to U+202E,
 * U+2066 to U+2069).
 */
static size_t
display_control(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;

	if (byte[0] < 0x20 || byte[0] == 0x7f)
		return 1;
	if (byte[0] == 0xc2 && byte[1] >= 0x80 && byte[1] <= 0x9f)
		return 2;
	if (byte[0] == 0xe2 &&
	    ((byte[1] == 0x80 && byte[2] >= 0xaa && byte[2] <= 0xae) ||
		(byte[1] == 0x81 && byte[2] >= 0xa6 && byte[2] <= 0xa9)))
		return 3;
	return 0;
}

char *
display_clean(const char *text)
{
	char *copy = strdup(text), *to = copy;

	if (copy == NULL)
		return NULL;
	utf8_make_valid(copy);
	for (const char *from = copy; *from != '\0';) {
		size_t length = display_control(from);

		*to++ = length > 0 ? '?' : *from;
		from += length > 0 ? length : 1;
	}
	*to = '\0';
	return copy;
}

void
display_say(const char *format, ...)
{
	char text[2048];
	cleanup_free char *clean = NULL;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	clean = display_clean(text);
	fprintf(stderr, "kabuto: %s\n", clean != NULL ? clean : "not enough memory");
}

int
display_failed(const struct error *err, int code)
{
	display_say("%s", err->text);
	return code;
}

/* The pager */

/*
 * Runs as a signal handler. Ctrl-C reaches the pager, too, which may go on: it has the terminal
 * until its user ends it.
 */
static void
display_on_interrupt(int number)
{
	(void)close(STDOUT_FILENO);
	while (waitpid(display_pager, NULL, 0) < 0 && errno == EINTR)
		continue;
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static void
display_catch_interrupt(void)
{
	struct sigaction before, wait = { .sa_handler = display_on_interrupt };

	(void)sigemptyset(&wait.sa_mask);
	if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		(void)sigaction(SIGINT, &wait, NULL);
}

/* In the child: becomes the pager, which reads from `from`. */
static void
display_become_pager(const char *program, int from)
{
	(void)signal(SIGPIPE, SIG_DFL);
	if (dup2(from, STDIN_FILENO) >= 0)
		(void)execl("/bin/sh", "sh", "-c", program, (char *)NULL);
	_exit(127);
}

/* Returns the command line of the pager; NULL: none. */
static const char *
display_choose_pager(void)
{
	const char *pager = getenv("KABUTO_PAGER");

	if (pager == NULL)
		pager = getenv("PAGER");
	if (pager == NULL)
		return "command -v less >/dev/null && exec less -FRX; exec cat";
	return pager[0] != '\0' && strcmp(pager, "cat") != 0 ? pager : NULL;
}

void
display_start_pager(void)
{
	const char *program = display_choose_pager();
	int ends[2];

	if (display_pager != 0 || program == NULL || isatty(STDOUT_FILENO) != 1 ||
	    isatty(STDIN_FILENO) != 1 || fflush(stdout) != 0 || pipe(ends) < 0)
		return;
	display_pager = fork();
	if (display_pager == 0) {
		(void)close(ends[1]);
		display_become_pager(program, ends[0]);
	}
	(void)close(ends[0]);
	if (display_pager < 0 || dup2(ends[1], STDOUT_FILENO) < 0)
		display_pager = 0;
	else
		display_catch_interrupt();
	(void)close(ends[1]);
}

bool
display_is_over(void)
{
	return ferror(stdout) != 0;
}

int
display_finish(int status)
{
	int failed = 0;

	errno = 0;
	if (fflush(stdout) != 0 || ferror(stdout) != 0)
		failed = errno != 0 ? errno : EPIPE;
	if (display_pager != 0) {
		(void)fclose(stdout);
		while (waitpid(display_pager, NULL, 0) < 0 && errno == EINTR)
			continue;
		display_pager = 0;
		return status;
	}
	if (failed == 0 || failed == EPIPE)
		return status;
	display_say("write to the standard output: %s", strerror(failed));
	return status == EXIT_DONE ? EXIT_FAILED : status;
}

/* JSON */

/* Whether a JSON text has control characters. The library has escaped C0 in its texts. */
static bool
display_has_control(const char *json)
{
	for (; *json != '\0'; json++)
		if (*json != '\n' && display_control(json) > 0)
			return true;
	return false;
}

void
display_json_part(const json_t *json, size_t flags)
{
	cleanup_free char *text = json_dumps(json, JSON_ENCODE_ANY | flags);

	if (text != NULL && display_is_terminal(stdout) && display_has_control(text)) {
		free(text);
		text = json_dumps(json, JSON_ENCODE_ANY | JSON_ENSURE_ASCII | flags);
	}
	if (text != NULL)
		fputs(text, stdout);
}

void
display_json(const json_t *json)
{
	display_json_part(json, display_is_terminal(stdout) ? JSON_INDENT(2) : JSON_COMPACT);
	putchar('\n');
}
