/*
 * Opens a thread's connections, and makes its pauses.
 */
#include "worker.h"

#include <poll.h>

#include "clock.h"
#include "schema.h"

#define PAUSE_LEAST_MS 100
#define PAUSE_MOST_MS  5000
#define POLL_MS        100 /* how soon a pause notices a stop */

bool
worker_open(struct worker *worker, struct spooler *spooler, struct error *err)
{
	worker->spooler = spooler;
	worker->config = spooler->config;
	if (!schema_open(&worker->db, worker->config->database, err))
		return false;
	if (engine_open(&worker->engine, worker->config->engine.socket, err))
		return true;
	connection_close(&worker->db);
	return false;
}

void
worker_close(struct worker *worker)
{
	engine_close(&worker->engine);
	connection_close(&worker->db);
}

bool
worker_pause(struct worker *worker, int *tries)
{
	int64_t pause_ms = PAUSE_LEAST_MS << (*tries < 6 ? *tries : 6);
	int64_t until;

	++*tries;
	until = clock_monotonic_ms() + (pause_ms < PAUSE_MOST_MS ? pause_ms : PAUSE_MOST_MS);
	while (!worker->spooler->stopping) {
		int64_t left = until - clock_monotonic_ms();

		if (left <= 0)
			return true;
		(void)poll(NULL, 0, (int)(left < POLL_MS ? left : POLL_MS));
	}
	return false;
}
