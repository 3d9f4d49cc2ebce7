/*
 * A sandbox: a network namespace that is kept ready (daemon/spooler/sandbox.h). At the start it
 * publishes the files that the engine made for the network. At the spooler's request it says
 * whether a job has left traces in the namespace: counters, sockets in TIME_WAIT, neighbours.
 * The next job may be another account's, and could read them.
 *
 * A request is one byte in the FIFO "ask". The answer is two bytes in the FIFO "answer": the same
 * byte, and STANDBY_CLEAN or STANDBY_USED. The spooler makes both FIFOs. This process compares the
 * files itself: the spooler may not see it in /proc, and the comparison survives the spooler.
 */
#include "standby.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "standby_answer.h"

#define FOLDER       "/run/kabuto/network/"
#define STATE_LENGTH (128 * 1024)
#define FILE_LENGTH  (64 * 1024)
#define DEV_RECEIVED 8 /* columns of the file dev about received packets, before those sent */

/*
 * The files that show a program its network namespace, as far as it can change them without
 * privileges. Files about what ends with the process (netlink) or about the whole machine
 * (protocols, sockstat) are not compared.
 */
static const char *const traces[] = { "dev", "snmp", "snmp6", "netstat", "tcp", "tcp6", "udp",
	"udp6", "udplite", "udplite6", "raw", "raw6", "icmp", "icmp6", "unix", "packet", "arp",
	"route", "ipv6_route", "if_inet6", "fib_trie", "igmp", "igmp6", "mcfilter", "mcfilter6",
	"ip6_flowlabel", "xfrm_stat", "tls_stat", "nf_conntrack", "stat/nf_conntrack", "sctp/snmp",
	"sctp/assocs" };

/* The texts of all these files. */
struct state {
	bool whole; /* all of them fit */
	size_t length;
	char text[STATE_LENGTH];
};

static struct state at_start, now;

static void
standby_append(struct state *state, const char *text, size_t length)
{
	if (length > sizeof state->text - state->length) {
		state->whole = false;
		return;
	}
	memcpy(state->text + state->length, text, length);
	state->length += length;
}

/* Returns what follows the received packets in a line of the file dev, after the colon. */
static const char *
standby_sent(const char *at)
{
	for (int column = 0; column < DEV_RECEIVED; column++) {
		at += strspn(at, " ");
		at += strcspn(at, " \n");
	}
	return at;
}

/*
 * Appends a line. What others send to all on a bridge arrives here without any job; it is left
 * out. What a program receives counts elsewhere, too: InDelivers, InDatagrams, sent replies.
 */
static void
standby_append_line(struct state *state, const char *file, const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);

	if (strcmp(file, "snmp6") == 0 && strncmp(line, "Ip6In", 5) == 0 &&
	    strncmp(line, "Ip6InDelivers", 13) != 0)
		return;
	if (strcmp(file, "dev") == 0 && colon != NULL &&
	    strncmp(line + strspn(line, " "), "lo:", 3) != 0) {
		const char *sent = standby_sent(colon + 1);

		standby_append(state, line, (size_t)(colon - line));
		standby_append(state, sent, length - (size_t)(sent - line));
		return;
	}
	standby_append(state, line, length);
}

/* Reads a file of /proc/net whole, as a string. Empty if it does not exist. */
static bool
standby_read_text(const char *file, char *text, size_t size)
{
	char path[64];
	size_t length = 0;
	ssize_t more = 0;
	int fd;

	snprintf(path, sizeof path, "/proc/net/%s", file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	text[0] = '\0';
	if (fd < 0)
		return true;
	do {
		length += (size_t)more;
		more = read(fd, text + length, size - 1 - length);
	} while (more > 0);
	close(fd);
	text[length] = '\0';
	return more == 0 && length < size - 1;
}

static void
standby_read_file(struct state *state, const char *file)
{
	static char text[FILE_LENGTH];
	size_t length;

	if (!standby_read_text(file, text, sizeof text))
		state->whole = false;
	for (const char *line = text; *line != '\0'; line += length) {
		length = strcspn(line, "\n");
		length += line[length] == '\n';
		standby_append_line(state, file, line, length);
	}
}

static void
standby_read(struct state *state)
{
	state->whole = true;
	state->length = 0;
	for (size_t i = 0; i < sizeof traces / sizeof traces[0]; i++)
		standby_read_file(state, traces[i]);
}

static bool
standby_is_clean(void)
{
	standby_read(&now);
	return at_start.whole && now.whole && now.length == at_start.length &&
	    memcmp(now.text, at_start.text, now.length) == 0;
}

/* Publishes /etc/<name> for the spooler. The copy appears complete or not at all. */
static void
standby_show(const char *name)
{
	char path[64], part[64], text[65536];
	int from, to;
	ssize_t length;

	snprintf(path, sizeof path, "/etc/%s", name);
	snprintf(part, sizeof part, FOLDER "%s.part", name);
	from = open(path, O_RDONLY | O_CLOEXEC);
	to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	length = from < 0 ? 0 : read(from, text, sizeof text);
	snprintf(path, sizeof path, FOLDER "%s", name);
	if (to >= 0 && length >= 0 && write(to, text, (size_t)length) == length)
		(void)rename(part, path);
	close(from);
	close(to);
}

/* Answers the requests that are in the FIFO. */
static void
standby_answer(int ask, int answer)
{
	char bytes[64];
	ssize_t length = read(ask, bytes, sizeof bytes);

	if (length <= 0)
		return;
	/* Only the last request has a spooler that waits. */
	bytes[0] = bytes[length - 1];
	bytes[1] = standby_is_clean() ? STANDBY_CLEAN : STANDBY_USED;
	(void)!write(answer, bytes, 2);
}

int
standby_run(void)
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	struct signalfd_siginfo info;
	sigset_t all;
	int answer;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	fds[0].fd = signalfd(-1, &all, SFD_CLOEXEC);
	/* Opened for both directions, so that it has no end while no spooler is there. */
	fds[1].fd = open(FOLDER STANDBY_ASK, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	answer = open(FOLDER STANDBY_ANSWER, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	standby_read(&at_start);
	standby_show("hosts");
	standby_show("resolv.conf");
	standby_show("hostname"); /* the last one: if it exists, all three exist */
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if ((fds[0].revents & POLLIN) != 0 &&
		    read(fds[0].fd, &info, sizeof info) == sizeof info &&
		    (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT))
			return 0;
		if ((fds[1].revents & POLLIN) != 0)
			standby_answer(fds[1].fd, answer);
	}
}
