/*
 * kabuto-init: PID 1 of every job.
 *
 *	kabuto-init [-l log-limit] [-g grace] -- program [argument ...]
 *	kabuto-init -p
 *
 * It starts the program in a process group of its own, hands signals on to it, writes what it
 * prints to the log, and when it has ended ends all that it left behind, reports what was used, and
 * exits with its code (128 + signal). SIGTERM gives the job grace seconds before everything is
 *killed.
 *
 * With -p it runs no program: it keeps the network namespace of its container for jobs that join
 *it, and shows the spooler the files that the engine made for that network.
 *
 * The file usage gets "begun" at the start and, at the end, lines "key value" and "end"
 * (daemon/usage.h reads it). A container that is started once more, by an engine that carries out
 * late what it was asked for, finds it begun: the job does not run a second time.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "writer.h"

#define TEXT_PATH  "/run/kabuto/log"
#define INDEX_PATH "/run/kabuto/idx"
#define USAGE_PATH "/run/kabuto/usage"

#define SHOWN_PATH "/run/kabuto/network/" /* where the spooler finds the network's files */

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
init_usage(void)
{
	static const char text[] =
	    "usage: kabuto-init [-l log-limit] [-g grace] -- program [argument ...]\n"
	    "       kabuto-init -p\n";

	(void)!write(STDERR_FILENO, text, sizeof text - 1);
	return 2;
}

/*
 * Has the kernel take the job, and not PID 1, when memory is short. Raising it needs no privilege.
 */
static void
init_prefer_as_victim(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, "900", 3);
		close(fd);
	}
}

static void __attribute__((noreturn))
init_run_program(char **arguments, int out, int err, int report)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0);
	init_prefer_as_victim();
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
init_start(struct job *job, char **arguments)
{
	int out[2], err[2], report[2], null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null >= 0)
		dup2(null, STDIN_FILENO);
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0)
		return false;
	job->pid = fork();
	if (job->pid == 0)
		init_run_program(arguments, out[1], err[1], report[1]);
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
init_reap(struct job *job)
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
init_take_signals(struct job *job)
{
	struct signalfd_siginfo info;

	while (read(job->signals, &info, sizeof info) == sizeof info) {
		int number = (int)info.ssi_signo;

		if (number == SIGCHLD) {
			init_reap(job);
			continue;
		}
		if (number == SIGTERM && job->kill_at == 0)
			job->kill_at = writer_monotonic_ms() + job->grace_ms;
		if (!job->ended)
			kill(-job->pid, number);
	}
}

static int
init_earlier(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

static int
init_poll_ms(const struct job *job)
{
	int ms =
	    init_earlier(writer_stream_wait_ms(&streams[0]), writer_stream_wait_ms(&streams[1]));
	int64_t left = job->kill_at - writer_monotonic_ms();

	return job->kill_at == 0 ? ms : init_earlier(ms, left < 0 ? 0 : (int)left);
}

/* One turn: signals, output, the end of the grace period. */
static void
init_turn(struct job *job)
{
	struct pollfd fds[] = { { .fd = job->signals, .events = POLLIN },
		{ .fd = streams[0].fd, .events = POLLIN },
		{ .fd = streams[1].fd, .events = POLLIN } };

	if (poll(fds, 3, init_poll_ms(job)) < 0 && errno != EINTR)
		return;
	for (int i = 0; i < 2; i++) {
		if (fds[i + 1].revents != 0 && !writer_stream_read(&streams[i], &job->writer)) {
			close(streams[i].fd);
			streams[i].fd = -1;
		}
		writer_stream_flush_old(&streams[i], &job->writer);
	}
	init_take_signals(job);
	if (job->kill_at != 0 && writer_monotonic_ms() >= job->kill_at) {
		kill(-1, SIGKILL); /* all but PID 1 itself */
		job->kill_at = writer_monotonic_ms() + KILL_AGAIN_MS;
	}
}

/*
 * The job is over: whatever it left is killed, and what is in the pipes is written. Without
 * CAP_KILL another user's processes live on until PID 1 ends, so that neither is waited for without
 * end.
 */
static void
init_finish(struct job *job)
{
	int64_t until = writer_monotonic_ms() + REAP_MS;
	struct pollfd child = { .fd = job->signals, .events = POLLIN };

	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, WNOHANG) >= 0 && writer_monotonic_ms() < until) {
		struct signalfd_siginfo info;

		(void)poll(&child, 1, 10);
		while (read(job->signals, &info, sizeof info) == sizeof info)
			continue;
	}
	for (int i = 0; i < 2; i++) {
		struct pollfd left = { .fd = streams[i].fd, .events = POLLIN };

		while (left.fd >= 0 && poll(&left, 1, 0) > 0 &&
		    writer_stream_read(&streams[i], &job->writer))
			continue;
		writer_stream_flush(&streams[i], &job->writer);
	}
}

static int
init_exit_code(const struct job *job)
{
	if (!job->ended)
		return CODE_NOT_RUN;
	return WIFSIGNALED(job->status) ? 128 + WTERMSIG(job->status) : WEXITSTATUS(job->status);
}

/*
 * Notes that the job begins. False where it has before; *code gets what it ended with then. The
 * file stays locked for as long as this process lives: so the spooler sees that a job runs of which
 * the engine knows nothing any more.
 */
static bool
init_begin(int *code)
{
	int fd = open(USAGE_PATH, O_RDWR | O_CLOEXEC);
	char text[1024] = "";
	const char *ended;

	if (fd < 0 || read(fd, text, sizeof text - 1) == 0) {
		(void)flock(fd, LOCK_EX | LOCK_NB);
		(void)!write(fd, "begun\n", 6);
		return true;
	}
	ended = strstr(text, "\ncode ");
	*code = ended != NULL ? atoi(ended + 6) : 128 + SIGKILL;
	return false;
}

/*
 * Bytes of files that the job and what it started have written (getrusage(2) counts blocks of 512,
 * when a page becomes dirty); 1 where the kernel does not count them.
 */
static int64_t
init_bytes_written(void)
{
	struct rusage used;

	if (access("/proc/self/io", F_OK) < 0 || getrusage(RUSAGE_CHILDREN, &used) < 0)
		return 1;
	return (int64_t)used.ru_oublock * 512;
}

static void
init_report(const struct job *job)
{
	int fd = open(USAGE_PATH, O_WRONLY | O_CLOEXEC);
	struct cgroup_usage used;
	char text[512];
	int length;

	if (fd < 0)
		return;
	cgroup_read(&used);
	length = snprintf(text, sizeof text,
	    "cpu_ns %lld\nmemory %lld\nio %lld\nlog_dropped %lld\nexec_errno %d\nsignal %d\noom_kills %lld\n"
	    "written %lld\ncode %d\nend\n",
	    (long long)used.cpu_ns, (long long)used.memory, (long long)used.io,
	    (long long)job->writer.dropped, job->exec_errno,
	    WIFSIGNALED(job->status) ? WTERMSIG(job->status) : 0, (long long)used.oom_kills,
	    (long long)init_bytes_written(), init_exit_code(job));
	(void)!write(fd, text, (size_t)length);
	close(fd);
}

static void
init_catch_signals(struct job *job)
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

/* Copies /etc/<name> to where the spooler sees it: whole or not at all. */
static void
init_show(const char *name)
{
	char path[64], part[64], text[65536];
	int from, to;
	ssize_t length;

	snprintf(path, sizeof path, "/etc/%s", name);
	snprintf(part, sizeof part, SHOWN_PATH "%s.part", name);
	from = open(path, O_RDONLY | O_CLOEXEC);
	to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	length = from < 0 ? 0 : read(from, text, sizeof text);
	snprintf(path, sizeof path, SHOWN_PATH "%s", name);
	if (to >= 0 && length >= 0 && write(to, text, (size_t)length) == length)
		(void)rename(part, path);
	close(from);
	close(to);
}

/* A sandbox: nothing but a network namespace, until somebody asks for its end. */
static int
init_pause_until_term(void)
{
	sigset_t all;
	int number;

	init_show("hosts");
	init_show("resolv.conf");
	init_show("hostname"); /* the last one: whoever sees it sees all three */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	do
		number = sigwaitinfo(&all, NULL);
	while (number != SIGTERM && number != SIGINT);
	return 0;
}

int
main(int argc, char **argv)
{
	struct job job = { .grace_ms = 10 * 1000 };
	int64_t limit = INT64_MAX;
	int option, code;

	while ((option = getopt(argc, argv, "+g:l:p")) != -1)
		switch (option) {
		case 'p':
			return init_pause_until_term();
		case 'g':
			job.grace_ms = atoll(optarg) * 1000;
			break;
		case 'l':
			limit = atoll(optarg);
			break;
		default:
			return init_usage();
		}
	if (optind == argc)
		return init_usage();
	if (!init_begin(&code))
		return code;
	writer_open(&job.writer, TEXT_PATH, INDEX_PATH, limit);
	init_catch_signals(&job);
	if (job.signals < 0 || !init_start(&job, argv + optind)) {
		job.exec_errno = errno;
		init_report(&job);
		return CODE_NOT_RUN;
	}
	while (!job.ended)
		init_turn(&job);
	init_finish(&job);
	init_report(&job);
	return init_exit_code(&job);
}
