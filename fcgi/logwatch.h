#ifndef KABUTO_LOGWATCH_H
#define KABUTO_LOGWATCH_H
/*
 * Tells which jobs' logs grow, by inotify on the folder logs/. It reports at most each
 * LOGWATCH_PAUSE_MS, so that readers get the lines of a busy job many at a time.
 */
#include <stdbool.h>
#include <stdint.h>

#define LOGWATCH_PAUSE_MS 10

struct logwatch {
	int fd;            /* inotify's; -1: not watching */
	int epoll;         /* reports fd with the struct's address */
	int64_t paused_to; /* clock_monotonic_ms of the pause's end; INT64_MAX: no pause */
};
void logwatch_init(struct logwatch *watch);

/* Begins to watch; logs is the folder's descriptor. If this fails, logwatch_works returns false. */
void logwatch_begin(struct logwatch *watch, int logs, int epoll);
bool logwatch_works(const struct logwatch *watch);
void logwatch_end(struct logwatch *watch);

/* Gets a job whose log has changed; 0: changes were lost, so any log may have. */
typedef void logwatch_visit(int64_t job, void *context);

/* Reads what was reported, and begins a pause. Must be called when epoll reports the struct. */
void logwatch_read(struct logwatch *watch, logwatch_visit *visit, void *context);

/* Returns when the pause ends (clock_monotonic_ms); INT64_MAX: there is none. */
int64_t logwatch_pause_ends(const struct logwatch *watch);

/* Ends the pause if its time is over. */
void logwatch_resume(struct logwatch *watch);

#endif
