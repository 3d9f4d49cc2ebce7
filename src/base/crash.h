#ifndef KABUTO_CRASH_H
#define KABUTO_CRASH_H
/*
 * Crash points, in test builds only: the process kills itself at the point that the environment's
 * KABUTO_FAULT names ("job.create"), once. KABUTO_FAULT_MARK is the path of a file that is made at
 * the kill; if it exists, no point kills.
 */

#ifdef KABUTO_TEST_BUILD
void crash_point(const char *life, const char *step);
/* The folder of KABUTO_FAULT_MARK, for a process that confines itself; empty: there is none. */
const char *crash_folder(void);
#else
#define crash_point(life, step) ((void)0)
#define crash_folder()          ""
#endif

#endif
