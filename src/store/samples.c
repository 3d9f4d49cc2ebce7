/*
 * Reads the samples of a job's usage.
 */
#include "samples.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "joblog.h"
#include "spool.h"

#define TIME_MOST INT64_C(253402300799999) /* the last ms of the year 9999 */

static bool
samples_is_sound(const struct sample *sample, const struct sample *former)
{
	return sample->time_ms > former->time_ms && sample->time_ms <= TIME_MOST &&
	    sample->cpu_ns >= former->cpu_ns && sample->memory >= 0;
}

void
samples_parse(struct samples *samples, const unsigned char *bytes, size_t length)
{
	struct sample former = { 0 };

	samples->count = 0;
	for (size_t at = 0; at + SAMPLES_RECORD <= length && samples->count < SAMPLES_MOST;
	     at += SAMPLES_RECORD) {
		const struct sample sample = samples_record_decode(bytes + at);

		if (samples_is_sound(&sample, &former))
			samples->items[samples->count++] = former = sample;
	}
}

static int
samples_open(int logs, int64_t job, int64_t attempt, int flags)
{
	char name[JOBLOG_NAME];

	return openat(logs, joblog_name(name, job, attempt, JOBLOG_USAGE),
	    flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

bool
samples_read(int logs, int64_t job, int64_t attempt, struct samples *samples, struct error *err)
{
	cleanup_close int fd = samples_open(logs, job, attempt, O_RDONLY);
	unsigned char bytes[SAMPLES_BYTES];
	ssize_t length = 0;

	samples->count = 0;
	/* A job that runs as root can make its file unreadable until samples_seal. */
	if (fd < 0 && (errno == ENOENT || errno == EACCES))
		return true;
	while (fd >= 0 && (length = pread(fd, bytes, sizeof bytes, 0)) < 0 && errno == EINTR)
		continue;
	if (fd < 0 || length < 0)
		return error_errno(err, "read the usage of job %lld", (long long)job);
	samples_parse(samples, bytes, (size_t)length);
	return true;
}

bool
samples_seal(int logs, int64_t job, int64_t attempt, struct error *err)
{
	cleanup_close int fd = samples_open(logs, job, attempt, O_RDWR);
	struct stat st;
	off_t size;

	if (fd < 0 && errno == ENOENT) /* the attempt began with a former version of Kabuto */
		return true;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "open the usage of job %lld", (long long)job);
	size = st.st_size < SAMPLES_BYTES ? st.st_size / SAMPLES_RECORD * SAMPLES_RECORD
					  : SAMPLES_BYTES;
	if ((size != st.st_size && ftruncate(fd, size) < 0) || !spool_close_to_others(logs, fd))
		return error_errno(err, "close the usage of job %lld", (long long)job);
	return true;
}
