#ifndef KABUTO_SAMPLES_RECORD_H
#define KABUTO_SAMPLES_RECORD_H
/*
 * The format of logs/<job>.<attempt>.usage: what an attempt's container used over time.
 * kabuto-init writes it while the job runs. Records of 24 bytes, little-endian:
 *
 *   bytes 0-7    time in ms since 1970
 *   bytes 8-15   CPU time since the container's start, in ns
 *   bytes 16-23  memory in bytes
 *
 * kabuto-init adds a record each second, and one at the job's end. Before a record that would be
 * the 601st, it keeps every second one and doubles the interval. It then writes the file from its
 * beginning: a reader may see new records before old ones, whose times are earlier.
 */
#include "joblog_record.h"

#define SAMPLES_RECORD      24
#define SAMPLES_MOST        600
#define SAMPLES_BYTES       (SAMPLES_RECORD * SAMPLES_MOST)
#define SAMPLES_INTERVAL_MS 1000 /* at the beginning */

struct sample {
	int64_t time_ms;
	int64_t cpu_ns;
	int64_t memory;
};

static inline void
samples_record_encode(unsigned char to[static SAMPLES_RECORD], const struct sample *sample)
{
	joblog_record_put(to, sample->time_ms, 8);
	joblog_record_put(to + 8, sample->cpu_ns, 8);
	joblog_record_put(to + 16, sample->memory, 8);
}

static inline struct sample
samples_record_decode(const unsigned char from[static SAMPLES_RECORD])
{
	return (struct sample){
		.time_ms = joblog_record_get(from, 8),
		.cpu_ns = joblog_record_get(from + 8, 8),
		.memory = joblog_record_get(from + 16, 8),
	};
}

#endif
