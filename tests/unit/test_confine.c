/*
 * What a confined child can still do. Where the kernel cannot do it all, what it lacks is left out.
 */
#include "support.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "src/base/confine.c"

static int
listen_on_loopback(uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

/* Runs a shell's command line, confined; gives its exit status. */
static int
run_confined(const struct confine *confine, const char *command)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		(void)dup2(null, 2);
		if (confine_apply(confine))
			execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(126);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
allow_programs(struct confine *confine, struct error *err)
{
	static const char *const paths[] = { "/bin", "/lib", "/lib64", "/usr/bin", "/usr/lib",
		"/usr/lib64", "/etc/ld.so.cache" };

	for (size_t i = 0; i < COUNT(paths); i++)
		must(confine_allow_path(confine, paths[i], CONFINE_EXECUTE, err), err);
	must(confine_allow_path(confine, "/dev/null", CONFINE_WRITE, err), err);
}

static void
test_only_paths_that_are_named_are_reached(void **state)
{
	static const struct {
		const char *command;
		bool done;
	} rows[] = {
		{ "true", true },
		{ "cat %s/mine/a", true },
		{ "echo x >%s/mine/b && cat %1$s/mine/b", true },
		{ "mkdir %s/mine/c && mv %1$s/mine/a %1$s/mine/c/d && mv %1$s/mine/c/d %1$s/mine/a",
		    true },
		{ "ln -s a %s/mine/link && rm %1$s/mine/link", true },
		{ "cat %s/only", true },
		{ "echo x >%s/only", false },
		{ "cat %s/others", false },
		{ "echo x >>%s/others", false },
		{ "echo x >%s/new", false },
		{ "ls %s", false },
		{ "cat /etc/hostname /etc/fstab /proc/1/cmdline", false },
		{ "cat %s/mine/../others", false },
		{ "ln -s ../others %s/mine/out && cat %1$s/mine/out", false },
		{ "mv %s/others %1$s/mine/", false },
		{ "cp /bin/true %s/mine/true && %1$s/mine/true", false },
		{ "mknod %s/mine/zero c 1 5", false },
	};
	const struct folder *folder = *state;
	struct confine confine;
	struct error err;
	char path[128];
	int failed = 0;

	assert_int_equal(mkdirat(folder->fd, "mine", 0700), 0);
	file_put(folder->fd, "mine/a", "a", 1);
	file_put(folder->fd, "only", "b", 1);
	file_put(folder->fd, "others", "c", 1);
	must(confine_begin(&confine, &err), &err);
	if (confine.ruleset < 0)
		skip();
	allow_programs(&confine, &err);
	snprintf(path, sizeof path, "%s/mine", folder->path);
	must(confine_allow_path(&confine, path, CONFINE_WRITE, &err), &err);
	snprintf(path, sizeof path, "%s/only", folder->path);
	must(confine_allow_path(&confine, path, CONFINE_READ, &err), &err);
	must(confine_allow_path(&confine, "/there/is/no/such", CONFINE_READ, &err), &err);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char command[1024];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(command, sizeof command, rows[i].command, folder->path);
#pragma GCC diagnostic pop
		row_check(failed, (run_confined(&confine, command) == 0) == rows[i].done, "%s",
		    command);
	}
	confine_end(&confine);
	rows_end(failed);
}

/* What a confined child can do with sockets. */
enum { TCP_ALLOWED = 1, TCP_OTHER = 2, UDP = 4, UNIX = 8, NETLINK = 16, PAIR = 32 };

static bool
connects(uint16_t port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

static int
sockets_of(const struct confine *confine, uint16_t port, uint16_t other)
{
	int status = 0, pair[2];
	pid_t child = fork();

	if (child == 0) {
		if (!confine_apply(confine))
			_exit(255);
		_exit((connects(port) ? TCP_ALLOWED : 0) | (connects(other) ? TCP_OTHER : 0) |
		    (socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0 ? UDP : 0) |
		    (socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? UNIX : 0) |
		    (socket(AF_NETLINK, SOCK_RAW, 0) >= 0 ? NETLINK : 0) |
		    (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 ? PAIR : 0));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_only_the_port_that_is_named_is_reached(void **state)
{
	uint16_t port, other;
	int one = listen_on_loopback(&port), two = listen_on_loopback(&other);
	struct confine confine;
	struct error err;

	(void)state;
	if (confine_missing() != NULL)
		skip();
	must(confine_begin(&confine, &err), &err);
	assert_int_equal(sockets_of(&confine, port, other), PAIR);
	must(confine_allow_port(&confine, port, &err), &err);
	assert_int_equal(sockets_of(&confine, port, other), TCP_ALLOWED | PAIR);
	confine_end(&confine);
	(void)close(one);
	(void)close(two);
}

static void
test_without_landlock_sockets_are_still_filtered(void **state)
{
	struct confine confine = { .ruleset = -1 };
	uint16_t port, other;
	int one = listen_on_loopback(&port), two = listen_on_loopback(&other);
	struct error err;
	const char *missing = confine_missing();

	(void)state;
	if (missing != NULL && strstr(missing, "filter") != NULL)
		skip();
	must(confine_allow_path(&confine, "/", CONFINE_READ, &err), &err);
	must(confine_allow_port(&confine, port, &err), &err);
	assert_int_equal(sockets_of(&confine, port, other), TCP_ALLOWED | TCP_OTHER | PAIR);
	confine_end(&confine);
	(void)close(one);
	(void)close(two);
}

/* The error of a system call that a confined child makes; 0: it was done. */
static int
error_of(const struct confine *confine, long call, const long arguments[static 4])
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		if (!confine_apply(confine))
			_exit(255);
		_exit(syscall(call, arguments[0], arguments[1], arguments[2], arguments[3]) < 0
			? errno
			: 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_calls_that_are_filtered_give_their_errors(void **state)
{
	/* No descriptor has the number -1: what is not filtered gives EBADF. */
	static const struct {
		const char *what;
		long call, arguments[4];
		int error, without_port;
	} rows[] = {
		{ "TCP", __NR_socket, { AF_INET, SOCK_STREAM, 0 }, 0, EAFNOSUPPORT },
		{ "TCP by its number", __NR_socket, { AF_INET, SOCK_STREAM, IPPROTO_TCP }, 0,
		    EAFNOSUPPORT },
		{ "TCP with flags", __NR_socket,
		    { AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0 }, 0, EAFNOSUPPORT },
		{ "UDP", __NR_socket, { AF_INET, SOCK_DGRAM, 0 }, EPROTONOSUPPORT, EAFNOSUPPORT },
		{ "UDP with flags", __NR_socket, { AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0 },
		    EPROTONOSUPPORT, EAFNOSUPPORT },
		{ "UDP of IPv6", __NR_socket, { AF_INET6, SOCK_DGRAM, 0 }, EPROTONOSUPPORT,
		    EAFNOSUPPORT },
		{ "no type", __NR_socket, { AF_INET, 0, 0 }, EPROTONOSUPPORT, EAFNOSUPPORT },
		{ "raw", __NR_socket, { AF_INET, SOCK_RAW, IPPROTO_TCP }, EPROTONOSUPPORT,
		    EAFNOSUPPORT },
		{ "MPTCP", __NR_socket, { AF_INET, SOCK_STREAM, 262 }, EPROTONOSUPPORT,
		    EAFNOSUPPORT },
		{ "ICMP", __NR_socket, { AF_INET, SOCK_STREAM, IPPROTO_ICMP }, EPROTONOSUPPORT,
		    EAFNOSUPPORT },
		{ "SCTP", __NR_socket, { AF_INET6, SOCK_STREAM, IPPROTO_SCTP }, EPROTONOSUPPORT,
		    EAFNOSUPPORT },
		{ "no family", __NR_socket, { 0, SOCK_STREAM, 0 }, EAFNOSUPPORT, EAFNOSUPPORT },
		{ "file system", __NR_socket, { AF_UNIX, SOCK_STREAM, 0 }, EAFNOSUPPORT,
		    EAFNOSUPPORT },
		{ "file system, datagrams", __NR_socket, { AF_UNIX, SOCK_DGRAM, 0 }, EAFNOSUPPORT,
		    EAFNOSUPPORT },
		{ "file system, with bits that the kernel does not read", __NR_socket,
		    { (1L << 32) + AF_UNIX, SOCK_STREAM, 0 }, EAFNOSUPPORT, EAFNOSUPPORT },
		{ "the family below IPv6", __NR_socket, { AF_INET6 - 1, SOCK_STREAM, 0 },
		    EAFNOSUPPORT, EAFNOSUPPORT },
		{ "virtual machines", __NR_socket, { AF_VSOCK, SOCK_STREAM, 0 }, EAFNOSUPPORT,
		    EAFNOSUPPORT },
		{ "io_uring", __NR_io_uring_setup, { 1, 0 }, ENOSYS, ENOSYS },
		{ "sendto", __NR_sendto, { -1, 0, 0, MSG_NOSIGNAL }, EBADF, EBADF },
		{ "sendto, fast open", __NR_sendto, { -1, 0, 0, MSG_NOSIGNAL | MSG_FASTOPEN },
		    EOPNOTSUPP, EOPNOTSUPP },
		{ "sendmsg", __NR_sendmsg, { -1, 0, MSG_NOSIGNAL }, EBADF, EBADF },
		{ "sendmsg, fast open", __NR_sendmsg, { -1, 0, MSG_NOSIGNAL | MSG_FASTOPEN },
		    EOPNOTSUPP, EOPNOTSUPP },
		{ "sendmmsg", __NR_sendmmsg, { -1, 0, 0, MSG_NOSIGNAL }, EBADF, EBADF },
		{ "sendmmsg, fast open", __NR_sendmmsg, { -1, 0, 0, MSG_NOSIGNAL | MSG_FASTOPEN },
		    EOPNOTSUPP, EOPNOTSUPP },
		{ "close", __NR_close, { -1 }, EBADF, EBADF },
	};
	struct confine confine;
	struct error err;
	const char *missing = confine_missing();
	int failed = 0;

	(void)state;
	if (missing != NULL && strstr(missing, "filter") != NULL)
		skip();
	must(confine_begin(&confine, &err), &err);
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed,
		    error_of(&confine, rows[i].call, rows[i].arguments) == rows[i].without_port,
		    "%s, without a port", rows[i].what);
	must(confine_allow_port(&confine, 1, &err), &err);
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed,
		    error_of(&confine, rows[i].call, rows[i].arguments) == rows[i].error, "%s",
		    rows[i].what);
	confine_end(&confine);
	rows_end(failed);
}

#ifdef __x86_64__
/* Numbers of calls of x32 and i386 have other meanings, so that no rule would meet them. */
static void
test_calls_of_another_architecture_are_refused(void **state)
{
	static const long none[4] = { 0 };
	struct confine confine;
	struct error err;
	const char *missing = confine_missing();
	int status = 0;
	pid_t child;

	(void)state;
	if (missing != NULL && strstr(missing, "filter") != NULL)
		skip();
	must(confine_begin(&confine, &err), &err);
	assert_int_equal(error_of(&confine, 0x40000000 + __NR_getpid, none), ENOSYS);
	child = fork();
	if (child == 0) {
		long result = 20; /* i386's getpid */

		if (!confine_apply(&confine))
			_exit(255);
		__asm__ volatile("int $0x80" : "+a"(result) : : "memory");
		_exit(result == -ENOSYS ? ENOSYS : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	/* A kernel without i386's calls ends the process. */
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == ENOSYS);
	confine_end(&confine);
}
#endif

static void
test_confining_files_alone_leaves_sockets(void **state)
{
	static const long udp[4] = { AF_INET, SOCK_DGRAM, 0 };
	struct confine confine;
	struct error err;

	(void)state;
	must(confine_begin_files(&confine, &err), &err);
	assert_int_equal(error_of(&confine, __NR_socket, udp), 0);
	confine_end(&confine);
}

static void
test_without_its_filter_nothing_is_run(void **state)
{
	const struct confine confine = { .ruleset = -1 };
	struct sock_filter *made = confine_filters[0].code;

	(void)state;
	if (!confine_filter_supported())
		skip();
	confine_filters[0].code = NULL;
	assert_int_equal(run_confined(&confine, "true"), 126);
	confine_filters[0].code = made;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_paths_that_are_named_are_reached,
		    folder_setup, folder_teardown),
		cmocka_unit_test(test_only_the_port_that_is_named_is_reached),
		cmocka_unit_test(test_without_landlock_sockets_are_still_filtered),
		cmocka_unit_test(test_calls_that_are_filtered_give_their_errors),
#ifdef __x86_64__
		cmocka_unit_test(test_calls_of_another_architecture_are_refused),
#endif
		cmocka_unit_test(test_confining_files_alone_leaves_sockets),
		cmocka_unit_test(test_without_its_filter_nothing_is_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
