/*
 * What the program finds: signals at their defaults, its own session, the usual limits, /dev/null
 * as stdin, pipes that any user in the container may open again, and an environment with a user's
 * name.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CODE_NOT_FOUND 127 /* as in the shell (POSIX, 2.8.2) */
#define CODE_NOT_RUN   126

#define FILES_SOFT 1024  /* some programs use select(2), or close all numbers below this limit */
#define FILES_HARD 65536 /* a server may raise its limit to this */

#define SIGNALS 64 /* the kernel's, on all architectures that musl supports except MIPS */

void
child_reset_signals(void)
{
	/* sigaction(2) of the C library refuses the signals that it uses itself. */
	static const uint64_t by_default[8];
	sigset_t none;

	for (long number = 1; number <= SIGNALS; number++)
		(void)syscall(SYS_rt_sigaction, number, by_default, NULL, SIGNALS / 8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Makes the kernel kill the job, not PID 1, if memory is short. Raising the score needs no
 * privilege.
 */
static void
child_prefer_as_victim(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, "900", 3);
		close(fd);
	}
}

static void
child_lower_limit(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return;
	limit.rlim_max = limit.rlim_max < hard ? limit.rlim_max : hard;
	limit.rlim_cur = limit.rlim_max < soft ? limit.rlim_max : soft;
	(void)setrlimit(resource, &limit);
}

/*
 * Sets the limits that a log-in gives, whatever the engine's unit says. The engine cannot be asked
 * for them: it refuses a hard limit above its own if it lacks CAP_SYS_RESOURCE.
 */
static void
child_set_limits(void)
{
	child_lower_limit(RLIMIT_NOFILE, FILES_SOFT, FILES_HARD);
	child_lower_limit(RLIMIT_CORE, 0, 0);
}

/*
 * Sets variables that neither the image nor the job has set. Python then writes each line at once,
 * as it does on a terminal. USER and LOGNAME are those of a login; a user without a name gets its
 * number (Python's getpass.getuser() fails without them).
 */
static void
child_set_environment(void)
{
	const struct passwd *user = getpwuid(getuid());
	char number[24];

	snprintf(number, sizeof number, "%u", (unsigned)getuid());
	(void)setenv("PYTHONUNBUFFERED", "1", 0);
	(void)setenv("USER", user != NULL ? user->pw_name : number, 0);
	(void)setenv("LOGNAME", user != NULL ? user->pw_name : number, 0);
}

static void __attribute__((noreturn)) child_run(char **arguments, int out, int err, int report)
{
	sigset_t none;

	(void)setsid();
	child_prefer_as_victim();
	child_set_limits();
	child_set_environment();
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(arguments[0], arguments);
	(void)!write(report, &errno, sizeof errno);
	_exit(errno == ENOENT ? CODE_NOT_FOUND : CODE_NOT_RUN);
}

/* Makes a pipe that a program can open again as /dev/stdout after it has changed its user. */
static bool
child_make_pipe(int ends[static 2])
{
	return pipe2(ends, O_CLOEXEC) == 0 && fchmod(ends[1], 0666) == 0 &&
	    fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0; /* of the read end alone */
}

bool
child_make_pipes(struct child *child, bool one_pipe)
{
	int out[2], err[2] = { -1, -1 };

	*child = (struct child){ .pid = -1, .out = -1, .err = -1, .ends = { -1, -1 } };
	if (!child_make_pipe(out) || (!one_pipe && !child_make_pipe(err)))
		return false;
	child->out = out[0];
	child->err = err[0];
	child->ends[0] = out[1];
	child->ends[1] = one_pipe ? out[1] : err[1];
	return true;
}

bool
child_start(struct child *child, char **arguments)
{
	int report[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0)
		dup2(null, STDIN_FILENO);
	if (pipe2(report, O_CLOEXEC) < 0)
		return false;
	child->pid = fork();
	if (child->pid == 0)
		child_run(arguments, child->ends[0], child->ends[1], report[1]);
	close(child->ends[0]);
	if (child->ends[1] != child->ends[0])
		close(child->ends[1]);
	close(report[1]);
	if (child->pid < 0)
		return false;
	/* A successful execve closes the pipe. */
	if (read(report[0], &child->exec_errno, sizeof child->exec_errno) !=
	    sizeof child->exec_errno)
		child->exec_errno = 0;
	close(report[0]);
	return true;
}
