/*
 * Samples the container's usage. The records are also kept in memory, because the job can change
 * the file.
 */
#include "sampler.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "writer.h"

void
sampler_open(struct sampler *sampler, const char *path)
{
	struct timespec now;
	int64_t begun = writer_monotonic_ms();

	clock_gettime(CLOCK_REALTIME, &now);
	*sampler = (struct sampler){
		.file = open(path, O_WRONLY | O_CLOEXEC),
		.interval_ms = SAMPLES_INTERVAL_MS,
		.next_at = begun + SAMPLES_INTERVAL_MS,
		/* The times grow also if the host's clock is set back while the job runs. */
		.clock_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - begun,
	};
}

int
sampler_wait_ms(const struct sampler *sampler)
{
	int64_t left = sampler->next_at - writer_monotonic_ms();

	if (sampler->file < 0)
		return -1;
	return left < 0 ? 0 : (int)left;
}

static void
sampler_write(const struct sampler *sampler, int from)
{
	off_t at = (off_t)from * SAMPLES_RECORD;

	(void)!pwrite(sampler->file, sampler->records + at,
	    (size_t)(sampler->count - from) * SAMPLES_RECORD, at);
}

/* Keeps the first record, and every second one after it. */
static void
sampler_thin(struct sampler *sampler)
{
	for (int i = 1; i < SAMPLES_MOST / 2; i++)
		memcpy(sampler->records + i * SAMPLES_RECORD,
		    sampler->records + 2 * i * SAMPLES_RECORD, SAMPLES_RECORD);
	sampler->count = SAMPLES_MOST / 2;
	sampler->interval_ms *= 2;
	sampler_write(sampler, 0);
	(void)!ftruncate(sampler->file, (off_t)sampler->count * SAMPLES_RECORD);
}

void
sampler_take(struct sampler *sampler)
{
	struct sample sample = { .time_ms = sampler->clock_ms + writer_monotonic_ms() };

	if (sampler->file < 0)
		return;
	if (sampler->count == SAMPLES_MOST)
		sampler_thin(sampler);
	cgroup_sample(&sample.cpu_ns, &sample.memory);
	samples_record_encode(sampler->records + sampler->count * SAMPLES_RECORD, &sample);
	sampler->count++;
	sampler_write(sampler, sampler->count - 1);
}

void
sampler_take_due(struct sampler *sampler)
{
	int64_t now = writer_monotonic_ms();

	if (now < sampler->next_at)
		return;
	sampler_take(sampler);
	sampler->next_at += sampler->interval_ms;
	if (sampler->next_at <= now) /* the container was paused */
		sampler->next_at = now + sampler->interval_ms;
}
