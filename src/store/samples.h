#ifndef KABUTO_SAMPLES_H
#define KABUTO_SAMPLES_H
/*
 * Reads the samples of a job's usage (samples_record.h). A job can write to the file, so nothing in
 * it is trusted.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "samples_record.h"

/* The samples of an attempt, in the order of their times. */
struct samples {
	struct sample items[SAMPLES_MOST];
	size_t count;
};

/*
 * Reads the samples of an attempt from the folder logs/. A file that does not exist has none. A
 * record counts only if its time is after that of the one before and in the years 1970 to 9999, its
 * CPU time is not less, and no value is negative.
 */
bool samples_read(int logs, int64_t job, int64_t attempt, struct samples *samples,
    struct error *err);

/* Parses records of the file. An incomplete one at the end does not count. */
void samples_parse(struct samples *samples, const unsigned char *bytes, size_t length);

/*
 * Finishes the file after the job's end: cuts it to the records that can be read, and lets only our
 * users and the web server read it. It is not flushed: a power cut may lose the last samples.
 */
bool samples_seal(int logs, int64_t job, int64_t attempt, struct error *err);

#endif
