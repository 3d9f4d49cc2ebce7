#ifndef KABUTO_JOBROW_H
#define KABUTO_JOBROW_H
/*
 * The row of a job.
 */
#include <stdbool.h>
#include <stdint.h>

#include "secret.h"

/* Bytes of a command: the kernel allows 128 KiB for one argument (execve(2)). */
#define JOBOPTION_COMMAND_MOST 131000
#define JOBOPTION_WORD_MOST    1024

/*
 * X(type, name, least, most, words). The name is that of the parameter, of the column, of the
 * answer's member, of struct job's member, and, if the option is a number, of the settings
 * job.<name> (its default) and job.<name>_max (its maximum). type is of enum joboption_type. least
 * is the lowest possible value. most is the length of a text in bytes; for a number it is not used.
 */
#define JOBOPTIONS(X)                                                                              \
	X(COMMAND, command, 0, JOBOPTION_COMMAND_MOST, NULL)                                       \
	X(TEXT, name, 0, 255, NULL)                                                                \
	X(PAIRS, env, 1, JOBOPTION_COMMAND_MOST, NULL)                                             \
	X(PATH, workdir, 0, JOBOPTION_WORD_MOST, NULL)                                             \
	X(TEXT, user, 0, JOBOPTION_WORD_MOST, NULL)                                                \
	X(CHOICE, network, 0, 0, "none bridge")                                                    \
	X(NUMBER, timeout, 1, 0, NULL)     /* seconds */                                           \
	X(NUMBER, grace, 0, 0, NULL)       /* seconds */                                           \
	X(BYTES, memory, 6 << 20, 0, NULL) /* the engine's minimum */                              \
	X(DECIMAL, cpus, 10, 0, NULL)      /* 0.01 */                                              \
	X(NUMBER, pids, 4, 0, NULL)                                                                \
	X(BYTES, disk, 0, 0, NULL)                                                                 \
	X(NUMBER, retries, 0, 0, NULL)

/* The types of the members of struct job. */
#define JOBOPTION_C_COMMAND                              char *
#define JOBOPTION_C_TEXT                                 char *
#define JOBOPTION_C_PATH                                 char *
#define JOBOPTION_C_PAIRS                                char *
#define JOBOPTION_C_CHOICE                               char *
#define JOBOPTION_C_NUMBER                               int64_t
#define JOBOPTION_C_BYTES                                int64_t
#define JOBOPTION_C_DECIMAL                              double
#define JOBOPTION_MEMBER(type, name, least, most, words) JOBOPTION_C_##type name;

struct job {
	int64_t id; /* 0: no job */
	int64_t pipeline;
	int64_t account;
	int64_t image;
	int64_t position; /* in its pipeline */
	char state[9];
	int64_t attempt;
	/* What the owner asked for. A text is NULL if it was not given. */
	JOBOPTIONS(JOBOPTION_MEMBER)
	char attachment_token[NAME_TEXT]; /* empty: no attachments */
	/* The result; a time is 0 if it has not come yet. */
	char results_token[NAME_TEXT]; /* empty: no results */
	int64_t created_at, queued_at, started_at, start_marked_at, finished_at;
	bool has_response;
	int64_t response;
	char *error;
	bool has_usage;
	double used_cpu;
	int64_t used_memory, used_io;
	int64_t retries_left;
	int64_t first_attempt; /* of the attempts since the submit; 0: none yet */
	int64_t retry_at;      /* in queue after a failure: when the next try may begin */
	bool cancel_requested;
	bool deleted;
	int64_t slot;                                /* the spooler's slot, while it runs */
	int64_t results_size, log_size;              /* bytes */
	int64_t results_removed_at, logs_removed_at; /* when retention did it */
};

#endif
