#ifndef KABUTO_SANDBOX_H
#define KABUTO_SANDBOX_H
/*
 * Network namespaces that are kept ready (design, section 5, starting fast). For each slot and
 * network a small container runs; the job of the slot joins its network. Creating a network takes
 * most of the time of a container's start.
 *
 * A job never waits for a sandbox. If its sandbox does not exist or has died, the job gets its own
 * network, and the sandbox is made (again) at the same time. Only the first two slots for each
 * processor have sandboxes: with more jobs at once, other waiting times are longer than the start.
 *
 * A job that used its network leaves traces there: counters, ports in TIME_WAIT. The next job may
 * be another account's. So after each job kabuto-init in the sandbox compares the namespace with
 * its state at the start (daemon/init/standby.c), and a sandbox with traces is replaced.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "sandbox_folder.h"
#include "sandbox_label.h"
#include "spooler.h"
#include "worker.h"

#define SANDBOX_NAME 128

enum sandbox_network { SANDBOX_NETWORK_NONE, SANDBOX_NETWORK_BRIDGE, SANDBOX_NETWORKS };

enum sandbox_state {
	SANDBOX_UNKNOWN, /* it may not exist, or a former spooler may have made it */
	SANDBOX_READY,   /* it runs, and no job left traces in it */
	SANDBOX_LEFT,    /* a job left traces, and may still be in it */
	SANDBOX_USED     /* a job left traces, and is gone: it is to be replaced */
};

struct sandboxes {
	pthread_mutex_t lock;          /* protects all members below */
	int64_t slots;                 /* slots 0 to slots - 1 have sandboxes; 0: switched off */
	bool useful;                   /* this engine's jobs start faster with them */
	enum sandbox_state *states;    /* by slot and network */
	bool wanted[SANDBOX_NETWORKS]; /* a job used that network, or it is the default */
	int64_t next_try_ms;           /* monotonic; after a failure */
};

/* Initializes the sandboxes; none is ready yet. On true the caller must call sandbox_close_all. */
bool sandbox_open_all(struct spooler *spooler, struct error *err);
void sandbox_close_all(struct spooler *spooler);

/* Finds out whether sandboxes are useful with this engine. engine_agree must have succeeded. */
void sandbox_choose(struct spooler *spooler, const struct engine *engine);

/* Whether the job in slot may join its sandbox. On true name gets the container's name. */
bool sandbox_take(struct spooler *spooler, int64_t slot, const char *network,
    char name[static SANDBOX_NAME]);

/*
 * For a job that joined the sandbox and is over; ended tells whether all its processes have ended.
 * If it left traces, or if that cannot be found out, the next job does not join this sandbox.
 */
void sandbox_leave(struct spooler *spooler, int64_t slot, const char *network, bool ended);

/* For the same job, after its container was removed: then its sandbox can be replaced. */
void sandbox_release(struct spooler *spooler, int64_t slot);

/*
 * For a job's container that did not start: *alive tells whether its sandbox runs. A dead sandbox
 * is no longer ready and will be made again.
 */
bool sandbox_check(struct worker *worker, int64_t slot, const char *network, bool *alive,
    struct error *err);

/* Marks all sandboxes as not ready. For an engine that was away: its containers may be gone. */
void sandbox_forget_all(struct spooler *spooler);

/* Whether sandbox_make_missing has work to do now. */
bool sandbox_is_wanted(struct spooler *spooler);
/* Makes the sandboxes that are wanted and not ready. Keeps those that run. */
void sandbox_make_missing(struct worker *worker);

/*
 * *needed tells whether the sandbox of that slot (the text of a label) is in use or must be kept.
 */
bool sandbox_is_needed(struct worker *worker, const char *slot, bool *needed, struct error *err);

/* Removes the sandboxes in which no job runs. For the spooler's stop. */
void sandbox_remove_all_idle(struct worker *worker);

#endif
