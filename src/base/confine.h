#ifndef KABUTO_CONFINE_H
#define KABUTO_CONFINE_H
/*
 * What a child, or a thread, that works on a stranger's data may still reach: the paths and TCP
 * ports that are named, and nothing else (Landlock, Documentation/userspace-api/landlock.rst of
 * Linux); and of sockets none but those of TCP (seccomp). A kernel that has less confines less:
 * confine_missing says what.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum confine_access {
	CONFINE_READ,    /* files and folders below are read */
	CONFINE_EXECUTE, /* programs there are run, too */
	CONFINE_WRITE    /* all but devices is made, changed and removed there, but not run */
};

struct confine {
	int ruleset;  /* -1: the kernel has no Landlock */
	bool files;   /* sockets are not confined */
	bool network; /* there is a port that may be connected to */
};

/*
 * Makes the filters of system calls. A program should call it before it has threads; confine_begin
 * does so if nobody has.
 */
bool confine_init(struct error *err);

/*
 * Begins with nothing allowed. If it succeeds, the caller must call confine_end, in the parent too.
 */
bool confine_begin(struct confine *confine, struct error *err);
/* The same for files alone: any socket may be made and connected. */
bool confine_begin_files(struct confine *confine, struct error *err);
void confine_end(struct confine *confine);

/* Allows a file, or a folder with all below it. One that does not exist is no error. */
bool confine_allow_path(struct confine *confine, const char *path, enum confine_access access,
    struct error *err);

/* Allows connections to that TCP port, whatever the address. Without any there are no sockets. */
bool confine_allow_port(struct confine *confine, uint16_t port, struct error *err);

/*
 * From here on it holds for this thread and all that it starts, threads and programs. Async-signal-
 * safe. False with errno: nothing must be run.
 */
bool confine_apply(const struct confine *confine);

/* What this kernel cannot do of it, in words; NULL: nothing is missing. */
const char *confine_missing(void);

#endif
