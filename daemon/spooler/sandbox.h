#ifndef KABUTO_SANDBOX_H
#define KABUTO_SANDBOX_H
/*
 * Network namespaces that are kept ready (design, section 5, starting fast): a small container for
 * each slot and network, whose network the job that runs in the slot joins. Setting one up is the
 * most of what a container's start costs.
 *
 * A job never waits for one: where its sandbox is not there, or died, it gets a network of its own,
 * and the sandbox is made (again) beside it. Slots above two for each processor have none: with so
 * many jobs at once the time of a start is not what they wait for.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "spooler.h"
#include "worker.h"

#define SANDBOX_NAME     128
#define SANDBOX_HOSTNAME "job" /* of every job */
#define SANDBOX_LABEL    "kabuto.sandbox"

/* The files that the engine makes for a network. Each job gets copies, which it may change. */
#define SANDBOX_FILES 3
extern const struct sandbox_file {
	const char *name; /* in the attempt's folder */
	const char *target;
} sandbox_files[SANDBOX_FILES];

enum sandbox_network { SANDBOX_NETWORK_NONE, SANDBOX_NETWORK_BRIDGE, SANDBOX_NETWORKS };

struct sandboxes {
	pthread_mutex_t lock;          /* guards all below */
	int64_t slots;                 /* that have sandboxes: 0 to slots - 1; 0: switched off */
	bool *ready;                   /* by slot and network */
	bool wanted[SANDBOX_NETWORKS]; /* a job has asked for that network, or it is the default */
	int64_t next_try_ms;           /* monotonic; after a failure */
};

/* Nothing is known to be ready yet. */
bool sandbox_open_all(struct spooler *spooler, struct error *err);
void sandbox_close_all(struct spooler *spooler);

/* Whether the job that runs in slot may join its sandbox, of which name gets the container's name.
 */
bool sandbox_take(struct spooler *spooler, int64_t slot, const char *network,
    char name[static SANDBOX_NAME]);

/* Puts copies of the network's files into the attempt's folder. */
bool sandbox_copy_files(struct spooler *spooler, int64_t slot, const char *network, int folder,
    struct error *err);

/*
 * After a job's container did not start: *alive tells whether its sandbox runs. One that does not
 * is no longer ready, and will be made again.
 */
bool sandbox_check(struct worker *worker, int64_t slot, const char *network, bool *alive,
    struct error *err);

/* The engine was away, and its containers may be gone. */
void sandbox_forget_all(struct spooler *spooler);

/* Whether sandbox_make_missing has something to do now. */
bool sandbox_is_wanted(struct spooler *spooler);
/* Makes what is wanted and not ready; of what is found running nothing is made. */
void sandbox_make_missing(struct worker *worker);

/* Whether the sandbox of that slot (a label's text) is in use or to be kept. */
bool sandbox_is_needed(struct worker *worker, const char *slot, bool *needed, struct error *err);

/* At a stop: removes those in which no job runs. */
void sandbox_remove_all_idle(struct worker *worker);

#endif
