/*
 * Counts signals that ask the program to end.
 */
#include "interrupt.h"

#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t first, second, came;

/* Runs as a signal handler. */
static void
interrupt_note(int number)
{
	if (second)
		_exit(128 + number);
	if (first) {
		second = 1;
		return;
	}
	came = number;
	first = 1;
}

void
interrupt_begin(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction note = { .sa_handler = interrupt_note };
	struct sigaction before, ignore = { .sa_handler = SIG_IGN };

	(void)
	    sigemptyset(&note.sa_mask); /* without SA_RESTART: a call that waits ends with EINTR */
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			(void)sigaction(numbers[i], &note, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGXFSZ, &ignore, NULL); /* a file beyond ulimit -f is an error of write */
}

const volatile sig_atomic_t *
interrupt_first(void)
{
	return &first;
}

const volatile sig_atomic_t *
interrupt_second(void)
{
	return &second;
}

int
interrupt_signal(void)
{
	return came;
}

int
interrupt_code(void)
{
	return 128 + came;
}
