#ifndef KABUTO_ERROR_H
#define KABUTO_ERROR_H
/*
 * Errors, in words for the person who can solve the problem.
 *
 * A function that can fail takes "struct error *err" last. It returns true with err untouched, or
 * false with err set and its results untouched.
 */
#include <stdbool.h>

enum error_kind {
	ERROR_NONE,
	ERROR_INPUT,        /* a parameter is missing or malformed */
	ERROR_UNAUTHORIZED, /* not logged in */
	ERROR_FORBIDDEN,    /* logged in, but not allowed */
	ERROR_NOT_FOUND,    /* it does not exist, or belongs to another account */
	ERROR_GONE,         /* it was here; retention removed it */
	ERROR_METHOD,       /* the path has no such method */
	ERROR_CONFLICT,     /* the state forbids it */
	ERROR_TOO_LARGE,    /* over a limit in bytes */
	ERROR_RANGE,        /* bytes that are past the end */
	ERROR_MEDIA_TYPE,   /* the body has a type that the call does not take */
	ERROR_IMPOSSIBLE,   /* this installation can never do it */
	ERROR_TOO_MANY,     /* too many calls or too much queued */
	ERROR_SYSTEM,       /* a problem of this machine or program: the operator must act */
	ERROR_BUSY,         /* try again soon; nothing was changed */
	ERROR_NO_SPACE,     /* the disk is full, or under the configured floor */
	ERROR_AWAY,         /* the engine cannot be reached, or hangs */
	ERROR_ENGINE,       /* the engine failed at a call (HTTP 500), which may succeed later */
	ERROR_REGISTRY,     /* the registry cannot be reached now */
	ERROR_INTERRUPTED,  /* asked to stop while waiting */
	ERROR_KINDS
};

struct error {
	enum error_kind kind;
	int retry_after_s; /* for ERROR_TOO_MANY and ERROR_BUSY; 0: unknown */
	char text[1024];   /* always valid UTF-8 */
};

/* Sets err to the formatted text. Always returns false, so that a failure is one line. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The same for a failed system call: adds ": " and the text of errno. The kind is ERROR_NO_SPACE if
 * the disk is full or a quota is reached, else ERROR_SYSTEM.
 */
bool error_errno(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "<formatted>: " before err's text; the kind stays. Always returns false. */
bool error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
