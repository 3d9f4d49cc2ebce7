/*
 * The samples of usage: at most 600, in the order of their times, with sound values, whatever a job
 * has written there; and what was read reads the same when it is written again.
 */
#include "fuzz.h"

#include "src/store/samples.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	size_t length = size;
	cleanup_free char *bytes = input_take(&input, &length);
	static unsigned char written[SAMPLES_BYTES];
	static struct samples samples, again;
	struct sample former = { 0 };

	memset(&samples, 0xff, sizeof samples);
	samples_parse(&samples, (const unsigned char *)bytes, length);
	assert(samples.count <= SAMPLES_MOST && samples.count * SAMPLES_RECORD <= length);
	for (size_t i = 0; i < samples.count; i++) {
		const struct sample *sample = &samples.items[i];

		assert(sample->time_ms > former.time_ms && sample->cpu_ns >= former.cpu_ns);
		assert(sample->time_ms < INT64_C(253402300800000) && sample->memory >= 0);
		samples_record_encode(written + i * SAMPLES_RECORD, sample);
		former = *sample;
	}
	samples_parse(&again, written, samples.count * SAMPLES_RECORD);
	assert(again.count == samples.count);
	assert(memcmp(again.items, samples.items, samples.count * sizeof samples.items[0]) == 0);
	return 0;
}
