#ifndef KABUTO_INIT_SAMPLER_H
#define KABUTO_INIT_SAMPLER_H
/*
 * Writes samples of the container's usage, one a second, and at most 600 whatever the time (the
 * format: src/store/samples_record.h). Its memory does not grow.
 */
#include <stdint.h>

#include "samples_record.h"

struct sampler {
	int file; /* -1: no samples are written */
	int count;
	int64_t interval_ms;
	int64_t next_at;  /* monotonic ms, of the next sample */
	int64_t clock_ms; /* the difference of the clocks since 1970 and monotonic, at the start */
	unsigned char records[SAMPLES_BYTES];
};

/* Begins the first interval. If the file cannot be opened, no samples are written. */
void sampler_open(struct sampler *sampler, const char *path);

/* Returns how long epoll_wait(2) may wait until sampler_take_due must be called; -1: no limit. */
int sampler_wait_ms(const struct sampler *sampler);

/* Writes a sample if an interval is over. */
void sampler_take_due(struct sampler *sampler);

/* Writes a sample now. */
void sampler_take(struct sampler *sampler);

#endif
