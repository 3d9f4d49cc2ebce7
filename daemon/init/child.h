#ifndef KABUTO_INIT_CHILD_H
#define KABUTO_INIT_CHILD_H
/*
 * Starts the job's program with what a container or a login gives a program.
 */
#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int out;     /* the read ends of the pipes from its stdout and stderr, which do not block */
	int err;     /* -1: one pipe serves for both */
	int ends[2]; /* the write ends; 0 and 1 */
	int exec_errno; /* why execve failed; 0: the program was started */
};

/*
 * Gives every signal its default action. A program inherits ignored signals, and the engine may
 * have been started with some (nohup ignores SIGHUP).
 */
void child_reset_signals(void);

/*
 * Makes the pipes for the program's output. With one_pipe one serves for stdout and stderr. False
 * with errno: they could not be made.
 */
bool child_make_pipes(struct child *child, bool one_pipe);

/*
 * Starts the program in a session of its own, with /dev/null as stdin and the pipes as stdout and
 * stderr. Returns true also if execve failed. False with errno: there is no process; child->pid may
 * be negative.
 */
bool child_start(struct child *child, char **arguments);

#endif
