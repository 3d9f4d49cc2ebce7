/*
 * Implements the data that the spooler's threads share.
 */
#include "spooler.h"

#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

void
spooler_record_engine(struct spooler *spooler, const struct error *err)
{
	struct service_status *status = &spooler->status;
	bool changed;

	pthread_mutex_lock(&spooler->lock);
	changed = (status->engine_away_since != 0) != (err != NULL);
	if (err == NULL)
		status->engine_away_since = 0;
	else if (changed)
		status->engine_away_since = clock_now_ms();
	snprintf(status->engine_error, sizeof status->engine_error, "%s",
	    err != NULL ? err->text : "");
	pthread_mutex_unlock(&spooler->lock);
	if (changed && err != NULL)
		log_write(LOG_ERROR, "engine=away %s, trying again", err->text);
	else if (changed)
		log_write(LOG_INFO, "engine=up");
	if (changed)
		spooler_nudge(spooler);
}

int64_t
spooler_engine_away_since(struct spooler *spooler)
{
	int64_t since;

	pthread_mutex_lock(&spooler->lock);
	since = spooler->status.engine_away_since;
	pthread_mutex_unlock(&spooler->lock);
	return since;
}

bool
spooler_begin_start(struct spooler *spooler)
{
	bool turn;

	pthread_mutex_lock(&spooler->lock);
	while (spooler->starts >= spooler->starts_most && !spooler->stopping)
		pthread_cond_wait(&spooler->start_ended, &spooler->lock);
	turn = !spooler->stopping;
	spooler->starts += turn;
	pthread_mutex_unlock(&spooler->lock);
	return turn;
}

void
spooler_end_start(struct spooler *spooler)
{
	pthread_mutex_lock(&spooler->lock);
	spooler->starts--;
	pthread_cond_signal(&spooler->start_ended);
	pthread_mutex_unlock(&spooler->lock);
}

void
spooler_wake_starts(struct spooler *spooler)
{
	pthread_mutex_lock(&spooler->lock);
	pthread_cond_broadcast(&spooler->start_ended);
	pthread_mutex_unlock(&spooler->lock);
}

void
spooler_nudge(struct spooler *spooler)
{
	(void)eventfd_write(spooler->nudge, 1);
}
