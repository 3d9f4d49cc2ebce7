#ifndef KABUTO_ATTEND_H
#define KABUTO_ATTEND_H
/*
 * Attends a job that was just made, to its end: its build's output, its log, its results, and its
 * exit code. What run and rerun have in common.
 *
 * Ctrl-C leaves the job alone and says how to follow, fetch and kill it; with --kill it ends the
 * job. The same holds for whatever else ends the attendance: the job never depends on it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "error.h"
#include "http.h"
#include "options.h"
#include "sendform.h"

/* The options -o, -d, -q, --kill, --force and --json, for OPTIONS_INCLUDE. */
extern const struct options_row attend_options[];

/* A job that was made. */
struct attend {
	struct http *http;
	int64_t job, pipeline;
	int64_t build;      /* that the job waits for; 0: none */
	bool alone;         /* the pipeline has no other job */
	const char *page;   /* URL for the browser; NULL: unknown */
	const json_t *made; /* the answer to the call that made it, for -d --json */
};

/*
 * Begins the command: catches the signals, and checks the options and the folder for the results.
 * Returns EXIT_DONE; else an error was printed, and the command must return the exit code.
 */
int attend_begin(const struct command *command);

/* Whether --json was given; whether -o or --kill was. */
bool attend_is_json(void);
bool attend_waits(void);

/* Sends the form that makes the job; as makecall_send. */
int attend_send(struct http *http, struct sendform *form, const char *path, json_t **answer);

/* Attends the job. Returns the exit code. */
int attend_run(const struct attend *attend);

#endif
