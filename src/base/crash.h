#ifndef KABUTO_CRASH_H
#define KABUTO_CRASH_H
/*
 * Crash points, in test builds only: the process kills itself once, at the crash point that the
 * environment variable KABUTO_FAULT names ("job.create"). It makes the file KABUTO_FAULT_MARK just
 * before. If that file exists, no crash point kills.
 */

#ifdef KABUTO_TEST_BUILD
void crash_point(const char *life, const char *step);
/* The folder of KABUTO_FAULT_MARK, which a confined process must allow; "": it is not set. */
const char *crash_folder(void);
#else
#define crash_point(life, step) ((void)0)
#define crash_folder()          ""
#endif

#endif
