#ifndef KABUTO_ENGINEPROBE_H
#define KABUTO_ENGINEPROBE_H
/*
 * Finds out whether a failure is the engine's or the job's.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "spooler.h"
#include "worker.h"

struct engineprobe {
	pthread_mutex_t lock; /* held during a probe; protects the member below */
	int64_t sound_until;  /* monotonic ms */
};

/* On true the caller must call engineprobe_close. */
bool engineprobe_open(struct spooler *spooler, struct error *err);
void engineprobe_close(struct spooler *spooler);

/*
 * Whether the engine answers a new connection and starts a container of Kabuto's own. Then a job
 * whose container it does not start is to blame itself. A positive result is used again for some
 * seconds. False also if the probe was interrupted.
 */
bool engineprobe_is_sound(struct worker *worker);

#endif
