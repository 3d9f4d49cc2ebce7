#ifndef KABUTO_EXITCODE_H
#define KABUTO_EXITCODE_H
/*
 * Exit codes. A job's own exit code is passed on by run, rerun and wait, so that their own errors
 * are 125, as in docker(1); 124 is timeout(1)'s. After a signal it is interrupt_code.
 */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_TIMED_OUT = 124,
	EXIT_TROUBLE = 125,
};

#endif
