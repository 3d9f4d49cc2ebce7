#ifndef KABUTO_CONFINE_H
#define KABUTO_CONFINE_H
/*
 * Confines a child process, or a thread, that works on a stranger's data. It can then reach only
 * the paths and TCP ports that were allowed (Landlock, Documentation/userspace-api/landlock.rst of
 * Linux), and can make only TCP sockets (seccomp). An older kernel confines less: confine_missing
 * says what is missing.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum confine_access {
	CONFINE_READ,    /* read files and folders */
	CONFINE_EXECUTE, /* also run programs */
	CONFINE_WRITE    /* read, make, change and remove all but devices; run nothing */
};

struct confine {
	int ruleset;  /* -1: the kernel has no Landlock */
	bool files;   /* only files are confined; sockets are not */
	bool network; /* at least one port was allowed */
};

/*
 * Makes the filters of system calls. A program should call it before it starts threads.
 * confine_begin calls it if no one has called it before.
 */
bool confine_init(struct error *err);

/*
 * Begins with nothing allowed. On true the caller must call confine_end, in the parent too.
 */
bool confine_begin(struct confine *confine, struct error *err);
/* The same, but confines files only: all sockets stay allowed. */
bool confine_begin_files(struct confine *confine, struct error *err);
void confine_end(struct confine *confine);

/* Allows a file, or a folder with all below it. It is no error if the path does not exist. */
bool confine_allow_path(struct confine *confine, const char *path, enum confine_access access,
    struct error *err);

/* Allows connections to a TCP port of any address. If no port is allowed, no socket can be made. */
bool confine_allow_port(struct confine *confine, uint16_t port, struct error *err);

/*
 * Confines the calling thread, and all threads and programs that it starts later. Is async-signal-
 * safe. Returns false with errno set on failure: the caller must not run the program then.
 */
bool confine_apply(const struct confine *confine);

/* Says in words which parts this kernel cannot confine; NULL: it can confine all. */
const char *confine_missing(void);

#endif
