/*
 * kabuto-init: PID 1 of every job.
 *
 *	kabuto-init [-l log-limit] [-g grace] -- program [argument ...]
 *
 * It starts the program in a process group of its own, hands signals on to it, writes what it
 *prints to the log, and when it has ended ends all that it left behind, reports what was used, and
 *exits with its code (128 + signal). SIGTERM gives the job grace seconds before everything is
 *killed.
 *
 * The file usage gets lines "key value" and, last, "end" (daemon/usage.h reads it).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "writer.h"

#define TEXT_PATH  "/run/kabuto/log"
#define INDEX_PATH "/run/kabuto/idx"
#define USAGE_PATH "/run/kabuto/usage"

#define KILL_AGAIN_MS 100
#define REAP_MS       2000 /* that killed processes get to be gone */

#define CODE_NOT_FOUND 127 /* as the shell has it (POSIX, 2.8.2) */
#define CODE_NOT_RUN   126

static struct stream streams[2] = { { .fd = -1, .name = JOBLOG_STDOUT },
	{ .fd = -1, .name = JOBLOG_STDERR } };

struct job {
	struct writer writer;
	int signals;
	pid_t pid;
	int64_t grace_ms;
	int64_t kill_at; /* monotonic ms; 0: nobody asked it to stop */
	bool ended;
	int status; /* wait(2)'s */
	int exec_errno;
};

static int
usage(void)
{
	static const char text[] =
	    "usage: kabuto-init [-l log-limit] [-g grace] -- program [argument ...]\n";

	(void)!write(STDERR_FILENO, text, sizeof text - 1);
	return 2;
}

/*
 * Has the kernel take the job, and not PID 1, when memory is short. Raising it needs no privilege.
 */
static void
prefer_as_victim(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, "900", 3);
		close(fd);
	}
}

static void __attribute__((noreturn)) run_program(char **arguments, int out, int err, int report)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0);
	prefer_as_victim();
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execvp(arguments[0], arguments);
	(void)!write(report, &errno, sizeof errno);
	_exit(errno == ENOENT ? CODE_NOT_FOUND : CODE_NOT_RUN);
}

/*
 * Starts the program; report tells why it could not be, by a pipe that a successful execve closes.
 */
static bool
start(struct job *job, char **arguments)
{
	int out[2], err[2], report[2], null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null >= 0)
		dup2(null, STDIN_FILENO);
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0)
		return false;
	job->pid = fork();
	if (job->pid == 0)
		run_program(arguments, out[1], err[1], report[1]);
	close(out[1]);
	close(err[1]);
	close(report[1]);
	if (job->pid < 0)
		return false;
	if (read(report[0], &job->exec_errno, sizeof job->exec_errno) != sizeof job->exec_errno)
		job->exec_errno = 0;
	close(report[0]);
	streams[0].fd = out[0];
	streams[1].fd = err[0];
	return true;
}

static void
reap(struct job *job)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == job->pid) {
			job->ended = true;
			job->status = status;
		}
}

static void
take_signals(struct job *job)
{
	struct signalfd_siginfo info;

	while (read(job->signals, &info, sizeof info) == sizeof info) {
		int number = (int)info.ssi_signo;

		if (number == SIGCHLD) {
			reap(job);
			continue;
		}
		if (number == SIGTERM && job->kill_at == 0)
			job->kill_at = monotonic_ms() + job->grace_ms;
		if (!job->ended)
			kill(-job->pid, number);
	}
}

static int
earlier(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

static int
poll_ms(const struct job *job)
{
	int ms = earlier(stream_wait_ms(&streams[0]), stream_wait_ms(&streams[1]));
	int64_t left = job->kill_at - monotonic_ms();

	return job->kill_at == 0 ? ms : earlier(ms, left < 0 ? 0 : (int)left);
}

/* One turn: signals, output, the end of the grace period. */
static void
turn(struct job *job)
{
	struct pollfd fds[] = { { .fd = job->signals, .events = POLLIN },
		{ .fd = streams[0].fd, .events = POLLIN },
		{ .fd = streams[1].fd, .events = POLLIN } };

	if (poll(fds, 3, poll_ms(job)) < 0 && errno != EINTR)
		return;
	for (int i = 0; i < 2; i++) {
		if (fds[i + 1].revents != 0 && !stream_read(&streams[i], &job->writer)) {
			close(streams[i].fd);
			streams[i].fd = -1;
		}
		stream_flush_old(&streams[i], &job->writer);
	}
	take_signals(job);
	if (job->kill_at != 0 && monotonic_ms() >= job->kill_at) {
		kill(-1, SIGKILL); /* all but PID 1 itself */
		job->kill_at = monotonic_ms() + KILL_AGAIN_MS;
	}
}

/*
 * The job is over: whatever it left is killed, and what is in the pipes is written. Without
 * CAP_KILL another user's processes live on until PID 1 ends, so that neither is waited for without
 * end.
 */
static void
finish(struct job *job)
{
	int64_t until = monotonic_ms() + REAP_MS;
	struct pollfd child = { .fd = job->signals, .events = POLLIN };

	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, WNOHANG) >= 0 && monotonic_ms() < until) {
		struct signalfd_siginfo info;

		(void)poll(&child, 1, 10);
		while (read(job->signals, &info, sizeof info) == sizeof info)
			continue;
	}
	for (int i = 0; i < 2; i++) {
		struct pollfd left = { .fd = streams[i].fd, .events = POLLIN };

		while (left.fd >= 0 && poll(&left, 1, 0) > 0 &&
		    stream_read(&streams[i], &job->writer))
			continue;
		stream_flush(&streams[i], &job->writer);
	}
}

static void
report(const struct job *job)
{
	int fd = open(USAGE_PATH, O_WRONLY | O_TRUNC | O_CLOEXEC);
	struct cgroup_usage used;
	char text[512];
	int length;

	if (fd < 0)
		return;
	cgroup_read(&used);
	length = snprintf(text, sizeof text,
	    "cpu_ns %lld\nmemory %lld\nio %lld\nlog_dropped %lld\nexec_errno %d\nsignal %d\noom_kills %lld\nend\n",
	    (long long)used.cpu_ns, (long long)used.memory, (long long)used.io,
	    (long long)job->writer.dropped, job->exec_errno,
	    WIFSIGNALED(job->status) ? WTERMSIG(job->status) : 0, (long long)used.oom_kills);
	(void)!write(fd, text, (size_t)length);
	close(fd);
}

static void
catch_signals(struct job *job)
{
	sigset_t all;

	/* PID 1 gets no signal that it does not ask for; faults of its own stay deadly. */
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	sigprocmask(SIG_SETMASK, &all, NULL);
	job->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
main(int argc, char **argv)
{
	struct job job = { .grace_ms = 10 * 1000 };
	int64_t limit = INT64_MAX;
	int option;

	while ((option = getopt(argc, argv, "+g:l:")) != -1)
		switch (option) {
		case 'g':
			job.grace_ms = atoll(optarg) * 1000;
			break;
		case 'l':
			limit = atoll(optarg);
			break;
		default:
			return usage();
		}
	if (optind == argc)
		return usage();
	writer_open(&job.writer, TEXT_PATH, INDEX_PATH, limit);
	catch_signals(&job);
	if (job.signals < 0 || !start(&job, argv + optind)) {
		job.exec_errno = errno;
		report(&job);
		return CODE_NOT_RUN;
	}
	while (!job.ended)
		turn(&job);
	finish(&job);
	report(&job);
	if (WIFSIGNALED(job.status))
		return 128 + WTERMSIG(job.status);
	return WEXITSTATUS(job.status);
}
