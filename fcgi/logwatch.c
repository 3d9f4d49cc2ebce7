/*
 * Watches logs/.
 */
#include "logwatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "clock.h"

#define REPORTS 16384 /* bytes of reports that are read at a time */

void
logwatch_init(struct logwatch *watch)
{
	*watch = (struct logwatch){ .fd = -1, .epoll = -1, .paused_to = INT64_MAX };
}

void
logwatch_begin(struct logwatch *watch, int logs, int epoll)
{
	/* One report, then silence until logwatch_resume. */
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT, .data.ptr = watch };
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", logs);
	watch->epoll = epoll;
	watch->paused_to = INT64_MAX;
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd >= 0 &&
	    (inotify_add_watch(watch->fd, path, IN_MODIFY | IN_CREATE | IN_ATTRIB) < 0 ||
		epoll_ctl(epoll, EPOLL_CTL_ADD, watch->fd, &event) < 0))
		logwatch_end(watch);
}

bool
logwatch_works(const struct logwatch *watch)
{
	return watch->fd >= 0;
}

void
logwatch_end(struct logwatch *watch)
{
	if (watch->fd >= 0)
		(void)close(watch->fd);
	logwatch_init(watch);
}

/* Visits the job of a file "<job>.<attempt>.log". Several reports of one job often follow. */
static void
logwatch_visit_name(const char *name, int64_t *last, logwatch_visit *visit, void *context)
{
	const char *suffix = strrchr(name, '.');
	int64_t job = strtoll(name, NULL, 10);

	if (suffix == NULL || strcmp(suffix, ".log") != 0 || job <= 0 || job == *last)
		return;
	*last = job;
	visit(job, context);
}

void
logwatch_read(struct logwatch *watch, logwatch_visit *visit, void *context)
{
	_Alignas(struct inotify_event) char reports[REPORTS];
	int64_t last = 0;
	ssize_t length;

	while ((length = read(watch->fd, reports, sizeof reports)) > 0)
		for (char *at = reports; at < reports + length;) {
			const struct inotify_event *report = (const struct inotify_event *)at;

			if ((report->mask & IN_Q_OVERFLOW) != 0)
				visit(0, context);
			else if (report->len > 0)
				logwatch_visit_name(report->name, &last, visit, context);
			at += sizeof *report + report->len;
		}
	watch->paused_to = clock_monotonic_ms() + LOGWATCH_PAUSE_MS;
}

int64_t
logwatch_pause_ends(const struct logwatch *watch)
{
	return watch->paused_to;
}

void
logwatch_resume(struct logwatch *watch)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT, .data.ptr = watch };

	if (watch->fd < 0 || clock_monotonic_ms() < watch->paused_to)
		return;
	watch->paused_to = INT64_MAX;
	(void)epoll_ctl(watch->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}
