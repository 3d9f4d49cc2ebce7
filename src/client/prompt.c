/*
 * Asks at the controlling terminal, so that pipes on stdin and stdout do not matter.
 */
#include "prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cleanup.h"
#include "write.h"

/* The signals that end or stop a program at a terminal. */
static const int prompt_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
#define SIGNALS (sizeof prompt_signals / sizeof prompt_signals[0])

static volatile sig_atomic_t prompt_caught; /* the signal that came while a secret was typed */

void
prompt_wipe(char (*answer)[PROMPT_MOST])
{
	explicit_bzero(answer, sizeof *answer);
}

static void
prompt_on_signal(int number)
{
	prompt_caught = number;
}

/* Reads a byte like read(2). If mask is not NULL, only while it waits may signals come: those that
 * it does not have. */
static ssize_t
prompt_read_byte(int fd, const sigset_t *mask, char *byte)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	return mask != NULL && ppoll(&ready, 1, NULL, mask) < 0 ? -1 : read(fd, byte, 1);
}

/* Reads a line without its newline, byte by byte: what follows may be for others. */
static bool
prompt_read(int fd, const sigset_t *mask, const char *what, char line[static PROMPT_MOST],
    struct error *err)
{
	size_t length = 0;
	ssize_t got;
	char byte;

	while ((got = prompt_read_byte(fd, mask, &byte)) == 1 && byte != '\n') {
		if (length == PROMPT_MOST - 1)
			return error_set(err, ERROR_INPUT, "%s: longer than %d bytes", what,
			    PROMPT_MOST - 1);
		line[length++] = byte;
	}
	if (got < 0 && errno == EINTR)
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	if (got < 0)
		return error_errno(err, "read %s", what);
	if (length > 0 && line[length - 1] == '\r')
		length--;
	line[length] = '\0';
	if (strlen(line) != length)
		return error_set(err, ERROR_INPUT, "%s: contains a NUL", what);
	return (got == 1 || length > 0) ||
	    error_set(err, ERROR_INPUT, "%s: nothing was given", what);
}

bool
prompt_read_line(const char *what, char line[static PROMPT_MOST], struct error *err)
{
	return prompt_read(STDIN_FILENO, NULL, what, line, err);
}

static bool
prompt_print(int fd, const char *text)
{
	return write_whole(fd, text, strlen(text));
}

/*
 * Asks for a line that is not shown. Signals are caught meanwhile, without SA_RESTART, and sent
 * again once the terminal is as it was.
 */
static bool
prompt_read_secret(int fd, const char *question, char answer[static PROMPT_MOST], struct error *err)
{
	struct sigaction former[SIGNALS], catching = { .sa_handler = prompt_on_signal };
	struct termios shown, hidden;
	sigset_t blocked, mask;
	bool done;

	if (tcgetattr(fd, &shown) < 0)
		return error_errno(err, "ask at the terminal");
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	prompt_caught = 0;
	(void)sigemptyset(&blocked);
	for (size_t i = 0; i < SIGNALS; i++)
		(void)sigaddset(&blocked, prompt_signals[i]);
	(void)sigprocmask(SIG_BLOCK, &blocked, &mask);
	for (size_t i = 0; i < SIGNALS; i++)
		(void)sigaction(prompt_signals[i], &catching, &former[i]);
	done = tcsetattr(fd, TCSAFLUSH, &hidden) == 0 && prompt_print(fd, question)
	    ? prompt_read(fd, &mask, "the answer", answer, err)
	    : error_errno(err, "ask at the terminal");
	(void)tcsetattr(fd, TCSAFLUSH, &shown);
	(void)prompt_print(fd, "\n");
	for (size_t i = 0; i < SIGNALS; i++)
		(void)sigaction(prompt_signals[i], &former[i], NULL);
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	if (prompt_caught != 0)
		(void)raise(prompt_caught);
	return done;
}

bool
prompt_ask(const char *question, bool secret, char answer[static PROMPT_MOST],
    const char *otherwise, struct error *err)
{
	cleanup_close int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, ERROR_INPUT, "%s", otherwise);
	if (secret)
		return prompt_read_secret(fd, question, answer, err);
	return prompt_print(fd, question) ? prompt_read(fd, NULL, "the answer", answer, err)
					  : error_errno(err, "ask at the terminal");
}
