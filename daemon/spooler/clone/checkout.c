/*
 * Runs git and hg to clone a repository.
 *
 * They run with an empty environment, without prompts, hooks and submodules, and with limits of
 * time and size. They can reach only the checkout's folder and the system files that programs need.
 * For http and https their only way to a host is the proxy, which uses the address filter. ssh
 * follows no redirects: it connects to an address that the filter checked before.
 */
#include "checkout.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkout_settings.h"
#include "cleanup.h"
#include "clock.h"
#include "confine.h"
#include "addressfilter.h"
#include "proxy.h"
#include "quantity.h"
#include "tree.h"
#include "utf8.h"

#define POLL_MS     500
#define END_POLL_MS 20 /* after the output has ended, while the program still runs */
#define LINE_TEXT   1024
#define ENVIRONMENT 24 /* variables, and the terminating NULL */

/* What a program needs to run. */
struct launch {
	const struct checkout *checkout;
	const struct checkout_url *url;
	struct proxy proxy;
	struct confine confine;
	char ssh[512]; /* the command, in shell syntax */
	char *tree;    /* the path of the clone */
	char *environment[ENVIRONMENT];
	size_t variables;
};

/*
 * Runs in the child. Drops all rights and the terminal of the spooler. Async-signal-safe calls
 * only.
 */
static void __attribute__((noreturn))
checkout_run_child(const struct launch *launch, char *const *arguments, int output)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a next spooler starts its own */
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0 || !confine_apply(&launch->confine))
		_exit(126);
	execve(arguments[0], arguments, launch->environment);
	_exit(127);
}

static bool
checkout_too_large(const struct checkout *checkout)
{
	cleanup_close int dir =
	    open(checkout->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int64_t bytes = 0;

	if (dir >= 0)
		bytes = tree_measure(dir, checkout->config->build.checkout_limit);
	return bytes > checkout->config->build.checkout_limit;
}

/*
 * Passes on a line that is still incomplete. Keeps the bytes of an incomplete character at its end.
 */
static char *
checkout_hand_on_part(const struct checkout *checkout, char *begin, size_t length)
{
	size_t whole = utf8_cut(begin, length);
	char next = begin[whole];

	begin[whole] = '\0';
	checkout->output(checkout->context, begin);
	begin[whole] = next;
	return begin + whole;
}

/*
 * Reads the program's output and passes on its complete lines. Returns false at the end of the
 * output.
 */
static bool
checkout_read_output(const struct checkout *checkout, int fd, char line[static LINE_TEXT],
    size_t *held)
{
	ssize_t length = read(fd, line + *held, LINE_TEXT - 1 - *held);
	char *begin = line, *newline;

	if (length < 0)
		return errno == EINTR || errno == EAGAIN;
	for (char *c = line + *held; c < line + *held + length; c++)
		if (*c == '\0')
			*c = '?'; /* a NUL would end the line, and the rest would be lost */
	*held += (size_t)length;
	line[*held] = '\0';
	while ((newline = strpbrk(begin, "\r\n")) != NULL) {
		*newline = '\0';
		if (*begin != '\0')
			checkout->output(checkout->context, begin);
		begin = newline + 1;
	}
	if (*begin != '\0' && length == 0) {
		checkout->output(checkout->context, begin);
		begin = line + *held;
	} else if (begin == line && *held == LINE_TEXT - 1) {
		begin = checkout_hand_on_part(checkout, begin, *held);
	}
	*held -= (size_t)(begin - line);
	memmove(line, begin, *held);
	return length > 0;
}

/* Whether the program has ended. The caller must still wait for it. */
static bool
checkout_has_ended(pid_t child)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	    info.si_pid == child;
}

/*
 * Sets err to the reason why the clone failed. The proxy's reason is preferred: it knows why a
 * connection failed.
 */
static bool
checkout_blame(struct launch *launch, struct error *err)
{
	if (!proxy_refused(&launch->proxy, err))
		return error_set(err, ERROR_INPUT, "the repository cannot be cloned");
	if (err->kind == ERROR_AWAY) /* ERROR_AWAY would mean the engine; here it is the host */
		err->kind = ERROR_INPUT;
	return error_wrap(err, "repo_url");
}

/* Waits until the program ends. Kills it and all its children at a stop or a limit. */
static bool
checkout_follow(struct launch *launch, pid_t child, int output, struct error *err)
{
	const struct checkout *checkout = launch->checkout;
	int64_t deadline =
	    clock_monotonic_ms() + checkout->config->build.checkout_timeout * MS_PER_S;
	struct pollfd fd = { .fd = output, .events = POLLIN };
	char line[LINE_TEXT], limit[QUANTITY_TEXT];
	bool stopped = false, more = true;
	size_t held = 0;
	int status = 0;

	while (!stopped && (more || !checkout_has_ended(child))) {
		if (poll(&fd, more ? 1 : 0, more ? POLL_MS : END_POLL_MS) > 0)
			more = checkout_read_output(checkout, output, line, &held);
		stopped = true;
		if (checkout->stop(checkout->context))
			error_set(err, ERROR_INTERRUPTED, "interrupted");
		else if (clock_monotonic_ms() > deadline)
			error_set(err, ERROR_INPUT,
			    "the repository took longer than %lld s to clone",
			    (long long)checkout->config->build.checkout_timeout);
		else if (checkout_too_large(checkout))
			error_set(err, ERROR_INPUT, "the repository is larger than %s",
			    quantity_format_bytes(checkout->config->build.checkout_limit, limit));
		else
			stopped = false;
	}
	if (stopped)
		(void)kill(-child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (stopped)
		return false;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 126)
		return error_set(err, ERROR_SYSTEM,
		    "the program that clones the repository cannot be confined");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(err, ERROR_SYSTEM,
		    "the program that clones the repository (git or hg) is not installed");
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0) || checkout_blame(launch, err);
}

static bool
checkout_run(struct launch *launch, char *const *arguments, struct error *err)
{
	int ends[2];
	bool done;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "run %s", arguments[0]);
	child = fork();
	if (child == 0)
		checkout_run_child(launch, arguments, ends[1]);
	(void)close(ends[1]);
	if (child < 0) {
		error_errno(err, "run %s", arguments[0]);
		(void)close(ends[0]);
		return false;
	}
	(void)setpgid(child, child);
	done = checkout_follow(launch, child, ends[0], err);
	(void)close(ends[0]);
	return done;
}

/* Adds a variable to the environment. */
static bool __attribute__((format(printf, 2, 3)))
checkout_set_variable(struct launch *launch, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	int length;

	if (launch->variables == ENVIRONMENT - 1)
		return false;
	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		return false;
	launch->environment[launch->variables++] = text;
	return true;
}

/* Sets the schemes that git may use, for redirects too: "https:http". */
static bool
checkout_set_schemes(struct launch *launch)
{
	const struct text_list *schemes = &launch->checkout->config->build.schemes;
	char words[256] = "";

	for (size_t i = 0; i < schemes->count; i++) {
		size_t length = strlen(words);

		snprintf(words + length, sizeof words - length, "%s%s", i > 0 ? ":" : "",
		    schemes->texts[i]);
	}
	return checkout_set_variable(launch, "GIT_ALLOW_PROTOCOL=%s", words);
}

static bool
checkout_set_environment(struct launch *launch, struct error *err)
{
	static const char *const fixed[] = { "PATH=/usr/bin:/bin", "HOME=/nonexistent",
		"LC_ALL=C.UTF-8", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_ASKPASS=/bin/false", "SSH_ASKPASS=/bin/false", "GIT_LFS_SKIP_SMUDGE=1",
		"HGPLAIN=1", "PYTHONNOUSERSITE=1", "PYTHONDONTWRITEBYTECODE=1" };
	const char *path = launch->checkout->path;
	bool done = true;

	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		done = done && checkout_set_variable(launch, "%s", fixed[i]);
	done = done && checkout_set_schemes(launch) &&
	    checkout_set_variable(launch, "TMPDIR=%s/tmp", path) &&
	    checkout_set_variable(launch, "GIT_CONFIG_GLOBAL=%s/gitconfig", path) &&
	    checkout_set_variable(launch, "HGRCPATH=%s/hgrc", path) &&
	    checkout_set_variable(launch, "GIT_SSH_COMMAND=%s", launch->ssh);
	return done || error_set(err, ERROR_SYSTEM, "clone a repository: not enough memory");
}

/*
 * ssh resolves the host by itself. So it gets the address that was checked. It still looks up the
 * host key by the name.
 */
static bool
checkout_pin_ssh(struct launch *launch, struct error *err)
{
	const struct checkout_url *url = launch->url;
	const struct addressfilter filter = { .allow_private =
						  launch->checkout->config->build.allow_private };
	char address[ADDRESSFILTER_TEXT];
	bool usual = url->port[0] == '\0' || strcmp(url->port, "22") == 0;

	if (!addressfilter_resolve(&filter, url->host, address, err))
		return error_wrap(err, "repo_url");
	snprintf(launch->ssh, sizeof launch->ssh,
	    "ssh -oBatchMode=yes -oHostName=%s '-oHostKeyAlias=%s%s%s%s'", address,
	    usual ? "" : "[", url->host, usual ? "" : "]:", usual ? "" : url->port);
	return true;
}

/* Allows what ssh reads: the keys and the known hosts of the spooler's user. */
static bool
checkout_allow_ssh(struct launch *launch, struct error *err)
{
	const char *port = launch->url->port;
	char buffer[4096], path[sizeof buffer];
	struct passwd entry, *found = NULL;

	if (!confine_allow_port(&launch->confine, (uint16_t)(*port != '\0' ? atoi(port) : 22), err))
		return false;
	if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) != 0 || found == NULL)
		return true;
	snprintf(path, sizeof path, "%.4000s/.ssh", found->pw_dir);
	return confine_allow_path(&launch->confine, path, CONFINE_READ, err);
}

/*
 * Allows the files that git, hg, ssh, and their interpreters and libraries read. Not all of /usr,
 * because /usr/local may hold kabuto.conf and the state directory. No folder that holds the host's
 * keys.
 */
static bool
checkout_confine(struct launch *launch, struct error *err)
{
	static const struct {
		const char *path;
		enum confine_access access;
	} paths[] = {
		{ "/bin", CONFINE_EXECUTE },
		{ "/lib", CONFINE_EXECUTE },
		{ "/lib32", CONFINE_EXECUTE },
		{ "/lib64", CONFINE_EXECUTE },
		{ "/usr/bin", CONFINE_EXECUTE },
		{ "/usr/lib", CONFINE_EXECUTE },
		{ "/usr/lib32", CONFINE_EXECUTE },
		{ "/usr/lib64", CONFINE_EXECUTE },
		{ "/usr/libexec", CONFINE_EXECUTE },
		{ "/usr/share", CONFINE_READ },
		{ "/usr/local/lib", CONFINE_EXECUTE },
		{ "/usr/local/share/ca-certificates", CONFINE_READ },
		{ "/etc/alternatives", CONFINE_READ },
		{ "/etc/ca-certificates", CONFINE_READ },
		{ "/etc/crypto-policies", CONFINE_READ },
		{ "/etc/group", CONFINE_READ },
		{ "/etc/host.conf", CONFINE_READ },
		{ "/etc/hosts", CONFINE_READ },
		{ "/etc/ld.so.cache", CONFINE_READ },
		{ "/etc/ld.so.preload", CONFINE_READ },
		{ "/etc/localtime", CONFINE_READ },
		{ "/etc/mercurial", CONFINE_READ },
		{ "/etc/nsswitch.conf", CONFINE_READ },
		{ "/etc/passwd", CONFINE_READ },
		{ "/etc/pki/ca-trust", CONFINE_READ },
		{ "/etc/pki/tls/cert.pem", CONFINE_READ },
		{ "/etc/pki/tls/certs", CONFINE_READ },
		{ "/etc/python3", CONFINE_READ },
		{ "/etc/python3.11", CONFINE_READ },
		{ "/etc/resolv.conf", CONFINE_READ },
		{ "/etc/ssh/ssh_config", CONFINE_READ },
		{ "/etc/ssh/ssh_config.d", CONFINE_READ },
		{ "/etc/ssh/ssh_known_hosts", CONFINE_READ },
		{ "/etc/ssl/cert.pem", CONFINE_READ },
		{ "/etc/ssl/certs", CONFINE_READ },
		{ "/etc/ssl/openssl.cnf", CONFINE_READ },
		{ "/dev/null", CONFINE_WRITE },
		{ "/dev/random", CONFINE_READ },
		{ "/dev/urandom", CONFINE_READ },
		{ "/dev/zero", CONFINE_READ },
	};

	if (!confine_begin(&launch->confine, err) ||
	    !confine_allow_path(&launch->confine, launch->checkout->path, CONFINE_WRITE, err))
		return false;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		if (!confine_allow_path(&launch->confine, paths[i].path, paths[i].access, err))
			return false;
	return launch->url->ssh ? checkout_allow_ssh(launch, err)
				: confine_allow_port(&launch->confine, launch->proxy.port, err);
}

static bool
checkout_write_settings(const struct launch *launch, struct error *err)
{
	const struct checkout_settings settings = { launch->checkout->path, launch->url,
		&launch->proxy, launch->ssh };

	return checkout_settings_write(&settings, err);
}

static bool
checkout_launch_program(struct launch *launch, struct error *err)
{
	char *address = (char *)(uintptr_t)launch->url->url;
	char *git[] = { "/usr/bin/git", "clone", "--depth", "1", "--no-tags", "--single-branch",
		"--no-recurse-submodules", "--template=", "--", address, launch->tree, NULL };
	char *hg[] = { "/usr/bin/hg", "--noninteractive", "clone", "--", address, launch->tree,
		NULL };

	return checkout_write_settings(launch, err) && checkout_set_environment(launch, err) &&
	    checkout_confine(launch, err) &&
	    checkout_run(launch, launch->url->kind == CHECKOUT_GIT ? git : hg, err);
}

bool
checkout_clone(const struct checkout *checkout, const struct checkout_url *url, struct error *err)
{
	struct launch launch = {
		.checkout = checkout, .url = url, .confine = { .ruleset = -1 }, .ssh = "/bin/false"
	};
	bool done;

	if (url->ssh && !checkout_pin_ssh(&launch, err))
		return false;
	if (!proxy_start(&launch.proxy, checkout->config->build.allow_private,
		config_list_has(&checkout->config->build.schemes, "http"), err))
		return false;
	if (asprintf(&launch.tree, "%s/" CHECKOUT_TREE, checkout->path) < 0) {
		launch.tree = NULL;
		done = error_set(err, ERROR_SYSTEM, "clone a repository: not enough memory");
	} else {
		done = checkout_launch_program(&launch, err);
	}
	proxy_stop(&launch.proxy);
	confine_end(&launch.confine);
	for (size_t i = 0; i < launch.variables; i++)
		free(launch.environment[i]);
	free(launch.tree);
	return done;
}
