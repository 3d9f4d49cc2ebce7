#ifndef KABUTO_CRASH_H
#define KABUTO_CRASH_H
/*
 * Fault points, in test builds only: the process kills itself at the point that the environment's
 * KABUTO_FAULT names ("job.create"), once: KABUTO_FAULT_MARK is a path, where a file is made at the
 * kill and the point passes by as soon as there is one.
 */

#ifdef KABUTO_TEST_BUILD
void crash_point(const char *life, const char *step);
/* The folder of KABUTO_FAULT_MARK, for a process that confines itself; empty: there is none. */
const char *crash_folder(void);
#else
static inline const char *
crash_folder(void)
{
	return "";
}
static inline void
crash_point(const char *life, const char *step)
{
	(void)life;
	(void)step;
}
#endif

#endif
