#ifndef KABUTO_LOG_H
#define KABUTO_LOG_H
/*
 * The programs' own log: one line for each event, on stderr. A line has journald's priority prefix
 * (sd-daemon(3)), then key=value pairs, then words.
 */

enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

/*
 * Writes one line with one write(2). Control characters are written as \ooo, so that no user's
 * string can forge a line. errno does not change.
 */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
