/*
 * kabuto-init: PID 1 of every job.
 *
 *	kabuto-init [-o] [-l log-limit] [-g grace] -- program [argument ...]
 *	kabuto-init -p
 *
 * It starts the program in a new session and forwards signals to it. It writes the program's
 * output to the log. When the program has ended, it kills all remaining processes, reports the
 * resource usage, and exits with the program's code (128 + signal). After SIGTERM the job has grace
 * seconds; then everything is killed. With -o one pipe serves for stdout and stderr, so that the
 * log has their exact order.
 *
 * With -p it runs no program. It keeps the network namespace of its container for jobs that join
 * it, and publishes the files that the engine made for that network, so that the spooler can copy
 * them.
 *
 * Each second, and at the end, it writes a sample of the usage to the file samples.
 *
 * At the start it writes "begun" to the file usage; at the end it writes lines "key value" and
 * "end" (daemon/spooler/usage.h reads them). An engine may carry out a late request and start the
 * container a second time. Then the file already contains "begun", and the job does not run again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "child.h"
#include "diagnosis.h"
#include "sampler.h"
#include "standby.h"
#include "writer.h"

#define TEXT_PATH    "/run/kabuto/log"
#define INDEX_PATH   "/run/kabuto/idx"
#define USAGE_PATH   "/run/kabuto/usage"
#define SAMPLES_PATH "/run/kabuto/samples"

#define KILL_AGAIN_MS 100
#define REAP_MS       2000 /* how long to wait until killed processes have ended */

#define CODE_NOT_RUN   126 /* as in the shell (POSIX, 2.8.2) */
#define CODE_NOT_FOUND 127
#define REPORT_MOST    2048

static struct stream streams[2] = { { .fd = -1, .name = JOBLOG_STDOUT },
	{ .fd = -1, .name = JOBLOG_STDERR } };

static struct sampler sampler;

struct job {
	char **arguments;
	struct writer writer;
	int signals;
	int events;    /* of epoll(7): the streams' pipes and signals */
	bool one_pipe; /* for stdout and stderr */
	struct child child;
	int64_t grace_ms;
	int64_t kill_at; /* monotonic ms; 0: no stop was requested */
	bool ended;
	int status;   /* as wait(2) returns it */
	bool stopped; /* a SIGTERM came from outside the container */
};

static int
init_usage(void)
{
	static const char text[] =
	    "usage: kabuto-init [-o] [-l log-limit] [-g grace] -- program [argument ...]\n"
	    "       kabuto-init -p\n";

	(void)!write(STDERR_FILENO, text, sizeof text - 1);
	return 2;
}

#define SIGNALS_EVENT 2 /* the number of the signals among the events; 0 and 1 are the streams */

static bool
init_watch(struct job *job, int operation, int fd, uint32_t number)
{
	/*
	 * Edge-triggered: the kernel queues a pipe when it becomes readable, and epoll_wait(2)
	 * returns the queue in this order. So the log has the order in which the program wrote.
	 */
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u32 = number };

	return fd < 0 || epoll_ctl(job->events, operation, fd, &event) == 0;
}

/* Starts the program. The pipes are watched before it can write. */
static bool
init_start(struct job *job)
{
	job->events = epoll_create1(EPOLL_CLOEXEC);
	if (!child_make_pipes(&job->child, job->one_pipe))
		return false;
	streams[0].fd = job->child.out;
	streams[1].fd = job->child.err;
	return init_watch(job, EPOLL_CTL_ADD, job->signals, SIGNALS_EVENT) &&
	    init_watch(job, EPOLL_CTL_ADD, streams[0].fd, 0) &&
	    init_watch(job, EPOLL_CTL_ADD, streams[1].fd, 1) &&
	    child_start(&job->child, job->arguments);
}

static void
init_reap(struct job *job)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == job->child.pid) {
			job->ended = true;
			job->status = status;
		}
}

/* Records at once that the container is being stopped: its end may come by SIGKILL. */
static void
init_note_stop(struct job *job)
{
	int fd = open(USAGE_PATH, O_WRONLY | O_APPEND | O_CLOEXEC);

	job->stopped = true;
	(void)!write(fd, "stopped 1\n", 10);
	close(fd);
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
		/*
		 * A process outside of this PID namespace has no number in it (pid_namespaces(7)).
		 * The job may have ended before: signalfd(2) returns SIGTERM before SIGCHLD.
		 */
		init_reap(job);
		if (number == SIGTERM && info.ssi_pid == 0 && !job->ended && !job->stopped)
			init_note_stop(job);
		if (number == SIGTERM && job->kill_at == 0)
			job->kill_at = writer_monotonic_ms() + job->grace_ms;
		if (!job->ended)
			kill(-job->child.pid, number);
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

	ms = init_earlier(ms, sampler_wait_ms(&sampler));
	return job->kill_at == 0 ? ms : init_earlier(ms, left < 0 ? 0 : (int)left);
}

static void
init_read(struct job *job, uint32_t number)
{
	struct stream *stream = &streams[number];

	if (writer_stream_read(stream, &job->writer)) {
		/* Queues it again if there is more to read. */
		(void)init_watch(job, EPOLL_CTL_MOD, stream->fd, number);
		return;
	}
	close(stream->fd);
	stream->fd = -1;
}

/*
 * Waits for events and reads the streams in the order in which they became readable. Returns how
 * many events there were; *signalled is set if signals can be taken.
 */
static int
init_wait(struct job *job, int timeout_ms, bool *signalled)
{
	struct epoll_event events[3];
	int count = epoll_wait(job->events, events, 3, timeout_ms);

	for (int i = 0; i < count; i++)
		if (events[i].data.u32 == SIGNALS_EVENT)
			*signalled = true;
		else
			init_read(job, events[i].data.u32);
	return count;
}

/* One turn of the main loop: output, samples, signals, the end of the grace period. */
static void
init_turn(struct job *job)
{
	bool signalled = false;

	(void)init_wait(job, init_poll_ms(job), &signalled);
	writer_flush_old(&job->writer, streams);
	sampler_take_due(&sampler);
	if (signalled)
		init_take_signals(job);
	if (job->kill_at != 0 && writer_monotonic_ms() >= job->kill_at) {
		kill(-1, SIGKILL); /* every process except PID 1 */
		job->kill_at = writer_monotonic_ms() + KILL_AGAIN_MS;
	}
}

/*
 * Runs after the program has ended: kills all remaining processes and writes the output that is
 * still in the pipes. Without CAP_KILL, processes of another user live until PID 1 ends. So neither
 * wait is without a limit.
 */
static void
init_finish(struct job *job)
{
	int64_t until = writer_monotonic_ms() + REAP_MS;
	bool signalled;

	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, WNOHANG) >= 0 && writer_monotonic_ms() < until) {
		struct signalfd_siginfo info;

		(void)init_wait(job, 10, &signalled);
		while (read(job->signals, &info, sizeof info) == sizeof info)
			continue;
	}
	until = writer_monotonic_ms() + REAP_MS;
	while (init_wait(job, 0, &signalled) > 0 && writer_monotonic_ms() < until)
		continue;
	writer_flush(&job->writer, streams);
}

static int
init_exit_code(const struct job *job)
{
	if (!job->ended)
		return CODE_NOT_RUN;
	return WIFSIGNALED(job->status) ? 128 + WTERMSIG(job->status) : WEXITSTATUS(job->status);
}

/*
 * Records that the job begins. Returns false if it has begun before; then *code gets its exit code.
 * The file stays locked while this process lives. So the spooler can detect a running job that the
 * engine has forgotten.
 */
static bool
init_begin(int *code)
{
	int fd = open(USAGE_PATH, O_RDWR | O_CLOEXEC);
	char text[REPORT_MOST] = "";
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
 * Gets how many bytes the job and its children read from block devices and wrote to files
 * (getrusage(2) counts blocks of 512 bytes; a write when a page becomes dirty). Returns false if
 * the kernel does not count them.
 */
static bool
init_count_bytes(int64_t *read_bytes, int64_t *written)
{
	struct rusage used;

	if (access("/proc/self/io", F_OK) < 0 || getrusage(RUSAGE_CHILDREN, &used) < 0)
		return false;
	*read_bytes = (int64_t)used.ru_inblock * 512;
	*written = (int64_t)used.ru_oublock * 512;
	return true;
}

/* Returns the shell line that the program runs (sh -c LINE), or NULL if it is no shell. */
static const char *
init_shell_line(char **arguments)
{
	static const char *const shells[] = { "sh", "ash", "bash", "dash" };
	const char *slash = strrchr(arguments[0], '/'),
		   *name = slash == NULL ? arguments[0] : slash + 1;
	bool is_shell = false;

	for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++)
		is_shell = is_shell || strcmp(name, shells[i]) == 0;
	for (int i = 1; is_shell && arguments[i] != NULL; i++) {
		const char *option = arguments[i];

		if (option[0] == '-' && option[1] != '-' && option[strlen(option) - 1] == 'c')
			return arguments[i + 1];
		if (option[0] != '-' && strcmp(arguments[i - 1], "-o") != 0)
			return NULL;
	}
	return NULL;
}

/* Finds out why the program, or one that its shell line names, could not be started. */
static void
init_diagnose(const struct job *job, struct diagnosis *diagnosis)
{
	int code = init_exit_code(job);
	const char *line = init_shell_line(job->arguments);

	*diagnosis = (struct diagnosis){ 0 };
	if (job->child.exec_errno != 0) {
		diagnosis_find(diagnosis, job->arguments[0]);
	} else if (code != CODE_NOT_RUN && code != CODE_NOT_FOUND) {
		return;
	} else if (line != NULL) {
		diagnosis_find_in_line(diagnosis, line);
	} else {
		/* It was started. If it is a script, its env(1) may have found no interpreter. */
		diagnosis_find(diagnosis, job->arguments[0]);
		if (diagnosis->reason != NULL &&
		    strcmp(diagnosis->reason, "interpreter_argument") != 0)
			diagnosis->reason = NULL;
	}
}

static void
init_report(const struct job *job)
{
	int fd = open(USAGE_PATH, O_WRONLY | O_CLOEXEC);
	struct diagnosis diagnosis;
	struct cgroup_usage used;
	char text[REPORT_MOST];
	int64_t read_bytes = 0, written = 1; /* it may have written something */
	bool counted;
	int length;

	if (fd < 0)
		return;
	cgroup_read(&used);
	counted = init_count_bytes(&read_bytes, &written);
	if (used.io < 0 && counted)
		used.io = read_bytes + written;
	init_diagnose(job, &diagnosis);
	length = snprintf(text, sizeof text,
	    "cpu_ns %lld\nmemory %lld\nio %lld\nio_unknown %d\nlog_dropped %lld\nexec_errno %d\nsignal %d\noom_kills %lld\n"
	    "written %lld\nstopped %d\ncode %d\n",
	    (long long)used.cpu_ns, (long long)used.memory, (long long)(used.io < 0 ? 0 : used.io),
	    used.io < 0, (long long)job->writer.dropped, job->child.exec_errno,
	    WIFSIGNALED(job->status) ? WTERMSIG(job->status) : 0, (long long)used.oom_kills,
	    (long long)written, job->stopped, init_exit_code(job));
	if (diagnosis.reason != NULL)
		length += snprintf(text + length, sizeof text - (size_t)length,
		    "exec_reason %s\nexec_file %s\nexec_detail %s\n", diagnosis.reason,
		    diagnosis.file, diagnosis.detail);
	length += snprintf(text + length, sizeof text - (size_t)length, "end\n");
	(void)!write(fd, text, (size_t)length);
	close(fd);
}

static void
init_catch_signals(struct job *job)
{
	sigset_t all;

	/*
	 * The kernel sends PID 1 only signals that it handles. Signals of its own crashes stay
	 * deadly.
	 */
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
	int option, code;

	while ((option = getopt(argc, argv, "+g:l:op")) != -1)
		switch (option) {
		case 'p':
			return standby_run();
		case 'g':
			job.grace_ms = atoll(optarg) * 1000;
			break;
		case 'o':
			job.one_pipe = true;
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
	job.arguments = argv + optind;
	child_reset_signals();
	writer_open(&job.writer, TEXT_PATH, INDEX_PATH, limit);
	sampler_open(&sampler, SAMPLES_PATH);
	init_catch_signals(&job);
	if (job.signals < 0 || !init_start(&job)) {
		job.child.exec_errno = errno;
		sampler_take(&sampler);
		init_report(&job);
		return CODE_NOT_RUN;
	}
	while (!job.ended)
		init_turn(&job);
	init_finish(&job);
	sampler_take(&sampler);
	init_report(&job);
	return init_exit_code(&job);
}
