/*
 * Running git and hg: with an empty environment, no prompts, no hooks, no submodules, a limit in
 * time and in size.
 */
#include "checkout.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "quantity.h"
#include "tree.h"

#define LOOK_MS     500
#define END_LOOK_MS 20 /* when its output has ended and it has not */
#define LINE_TEXT   1024

static bool
has_prefix(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static bool
has_suffix(const char *text, const char *suffix)
{
	size_t length = strlen(text), size = strlen(suffix);

	return length >= size && strcmp(text + length - size, suffix) == 0;
}

/* The host of "scheme://user@host:port/path", an IPv6 address without its brackets. */
static bool
host_of(const char *authority, char host[static 256])
{
	size_t length = strcspn(authority, "/?#");
	const char *at = memrchr(authority, '@', length);

	if (at != NULL) {
		length -= (size_t)(at + 1 - authority);
		authority = at + 1;
	}
	if (*authority == '[') {
		authority++;
		length = strcspn(authority, "]");
	} else {
		length = length < strcspn(authority, ":") ? length : strcspn(authority, ":");
	}
	if (length == 0 || length >= 256 || *authority == '-')
		return false;
	memcpy(host, authority, length);
	host[length] = '\0';
	return true;
}

bool
checkout_url_parse(struct checkout_url *url, const char *text, const struct text_list *schemes,
    struct error *err)
{
	/* curl's -d sends a "+" as it is, and in a form that is a space. */
	bool git = has_prefix(text, "git+") || has_prefix(text, "git ");
	bool hg = has_prefix(text, "hg+") || has_prefix(text, "hg ");
	const char *rest = text + (git ? 4 : hg ? 3 : 0);
	const char *colon = strstr(rest, "://");
	cleanup_free char *scheme = colon == NULL ? NULL : strndup(rest, (size_t)(colon - rest));

	for (const char *c = rest; *c != '\0'; c++)
		if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c))
			return error_set(err, ERROR_INPUT, "repo_url: has white space in it");
	if (scheme == NULL || strlen(rest) >= sizeof url->url)
		return error_set(err, ERROR_INPUT,
		    "repo_url: must be a URL like https://host/path");
	for (char *c = scheme; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	if (!text_list_has(schemes, scheme))
		return error_set(err, ERROR_INPUT,
		    "repo_url: '%s' is not a scheme that is allowed here", scheme);
	if (!host_of(colon + 3, url->host))
		return error_set(err, ERROR_INPUT, "repo_url: names no host");
	snprintf(url->url, sizeof url->url, "%s", rest);
	url->kind = git || (!hg && has_suffix(rest, ".git")) ? CHECKOUT_GIT : CHECKOUT_HG;
	return true;
}

/* RFC 6890: what is not the public Internet. */
static bool
is_private_v4(uint32_t address)
{
	static const struct {
		uint32_t network;
		int bits;
	} ranges[] = {
		{ 0x00000000, 8 },
		{ 0x0a000000, 8 },
		{ 0x64400000, 10 },
		{ 0x7f000000, 8 },
		{ 0xa9fe0000, 16 },
		{ 0xac100000, 12 },
		{ 0xc0000000, 24 },
		{ 0xc0a80000, 16 },
		{ 0xc6120000, 15 },
		{ 0xe0000000, 3 },
	};

	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if ((address ^ ranges[i].network) >> (32 - ranges[i].bits) == 0)
			return true;
	return false;
}

static bool
is_private(const struct sockaddr *address)
{
	const struct in6_addr *v6;

	if (address->sa_family == AF_INET)
		return is_private_v4(ntohl(((const struct sockaddr_in *)(const void *)address)
					       ->sin_addr.s_addr));
	if (address->sa_family != AF_INET6)
		return true;
	v6 = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	if (IN6_IS_ADDR_V4MAPPED(v6) || IN6_IS_ADDR_V4COMPAT(v6)) {
		uint32_t v4;

		memcpy(&v4, &v6->s6_addr[12], sizeof v4);
		return is_private_v4(ntohl(v4));
	}
	return (v6->s6_addr[0] & 0xe0) != 0x20; /* all but the global unicast 2000::/3 */
}

/* Refuses hosts of this machine and of its private networks. */
static bool
check_host(const char *host, struct error *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	bool allowed = true;
	int result = getaddrinfo(host, NULL, &hints, &found);

	if (result != 0)
		return error_set(err, ERROR_INPUT, "repo_url: the host '%s' is not found: %s", host,
		    gai_strerror(result));
	for (const struct addrinfo *at = found; at != NULL; at = at->ai_next)
		allowed = allowed && !is_private(at->ai_addr);
	freeaddrinfo(found);
	return allowed ||
	    error_set(err, ERROR_INPUT,
		"repo_url: '%s' is an address of a private network, which is not allowed here",
		host);
}

/*
 * In the child: nothing of the spooler's rights or terminal is left. Async-signal-safe calls only.
 */
static void __attribute__((noreturn))
run_child(char *const *arguments, char *const *environment, int output)
{
	int null = open("/dev/null", O_RDONLY);

	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* it must not work on beside a next spooler's */
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0)
		_exit(126);
	execve(arguments[0], arguments, environment);
	_exit(127);
}

static bool
too_large(const struct checkout *checkout)
{
	cleanup_close int dir =
	    open(checkout->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int64_t bytes = 0;

	if (dir >= 0)
		bytes = tree_measure(dir, checkout->config->build.checkout_limit);
	return bytes > checkout->config->build.checkout_limit;
}

/* Takes what the program has said, and hands on its whole lines. False at its end. */
static bool
read_output(const struct checkout *checkout, int fd, char line[static LINE_TEXT], size_t *held)
{
	ssize_t length = read(fd, line + *held, LINE_TEXT - 1 - *held);
	char *begin = line, *newline;

	if (length < 0)
		return errno == EINTR || errno == EAGAIN;
	*held += (size_t)length;
	line[*held] = '\0';
	while ((newline = strpbrk(begin, "\r\n")) != NULL) {
		*newline = '\0';
		if (*begin != '\0')
			checkout->output(checkout->context, begin);
		begin = newline + 1;
	}
	if (*begin != '\0' && (length == 0 || (begin == line && *held == LINE_TEXT - 1))) {
		checkout->output(checkout->context, begin);
		begin = line + *held;
	}
	*held -= (size_t)(begin - line);
	memmove(line, begin, *held);
	return length > 0;
}

/* Whether the program has ended; it stays to be waited for. */
static bool
has_ended(pid_t child)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	    info.si_pid == child;
}

/* Follows the program to its end, or ends it with all that it has started. */
static bool
follow(const struct checkout *checkout, pid_t child, int output, struct error *err)
{
	int64_t deadline =
	    time_monotonic_ms() + checkout->config->build.checkout_timeout * MS_PER_S;
	struct pollfd fd = { .fd = output, .events = POLLIN };
	char line[LINE_TEXT], limit[QUANTITY_TEXT];
	bool stopped = false, more = true;
	size_t held = 0;
	int status = 0;

	while (!stopped && (more || !has_ended(child))) {
		if (poll(&fd, more ? 1 : 0, more ? LOOK_MS : END_LOOK_MS) > 0)
			more = read_output(checkout, output, line, &held);
		stopped = true;
		if (checkout->stop(checkout->context))
			error_set(err, ERROR_INTERRUPTED, "interrupted");
		else if (time_monotonic_ms() > deadline)
			error_set(err, ERROR_INPUT, "the repository took over %lld s to clone",
			    (long long)checkout->config->build.checkout_timeout);
		else if (too_large(checkout))
			error_set(err, ERROR_INPUT, "the repository is larger than %s",
			    bytes_format(checkout->config->build.checkout_limit, limit));
		else
			stopped = false;
	}
	if (stopped)
		(void)kill(-child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (stopped)
		return false;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(err, ERROR_SYSTEM,
		    "the program to clone it with is not installed here");
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
	    error_set(err, ERROR_INPUT, "the repository cannot be cloned");
}

static bool
run(const struct checkout *checkout, char *const *arguments, char *const *environment,
    struct error *err)
{
	int ends[2];
	bool done;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "run %s", arguments[0]);
	child = fork();
	if (child == 0)
		run_child(arguments, environment, ends[1]);
	(void)close(ends[1]);
	if (child < 0) {
		error_errno(err, "run %s", arguments[0]);
		(void)close(ends[0]);
		return false;
	}
	(void)setpgid(child, child);
	done = follow(checkout, child, ends[0], err);
	(void)close(ends[0]);
	return done;
}

bool
checkout_clone(const struct checkout *checkout, const struct checkout_url *url, struct error *err)
{
	static char *environment[] = { "PATH=/usr/bin:/bin", "HOME=/nonexistent", "LC_ALL=C.UTF-8",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0",
		"GIT_ASKPASS=/bin/false", "SSH_ASKPASS=/bin/false", "GIT_LFS_SKIP_SMUDGE=1",
		"GIT_SSH_COMMAND=ssh -oBatchMode=yes", "GIT_ALLOW_PROTOCOL=https:http:ssh",
		"HGRCPATH=", "HGPLAIN=1", NULL };
	char *address = (char *)(uintptr_t)url->url, *path = (char *)(uintptr_t)checkout->path;
	char *git[] = { "/usr/bin/git", "-c", "core.hooksPath=/dev/null", "-c",
		"http.followRedirects=false", "clone", "--depth", "1", "--no-tags",
		"--single-branch", "--no-recurse-submodules", "--template=", "--", address, path,
		NULL };
	char *hg[] = { "/usr/bin/hg", "--noninteractive", "--config", "ui.ssh=ssh -oBatchMode=yes",
		"--config", "subrepos.allowed=false", "clone", "--", address, path, NULL };

	if (!checkout->config->build.allow_private && !check_host(url->host, err))
		return false;
	return run(checkout, url->kind == CHECKOUT_GIT ? git : hg, environment, err);
}
