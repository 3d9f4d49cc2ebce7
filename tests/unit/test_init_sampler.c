/*
 * kabuto-init's samples of usage, read back by the readers' side. It is built by a compiler of its
 * own and has no library: the file is included, and the test is its clock and its cgroup.
 */
#include "support.h"

#include "daemon/init/sampler.c"
#include "samples.h"

static int64_t monotonic_ms;

int64_t
writer_monotonic_ms(void)
{
	return monotonic_ms;
}

void
cgroup_sample(int64_t *cpu_ns, int64_t *memory)
{
	*cpu_ns = monotonic_ms * 1000;
	*memory = monotonic_ms * 7;
}

/* A sampler of the file 1.1.usage. */
static struct sampler sampler;

static void
begin(const struct folder *folder)
{
	char path[128];

	monotonic_ms = 5000;
	snprintf(path, sizeof path, "%s/1.1.usage", folder->path);
	file_put(folder->fd, "1.1.usage", "", 0);
	sampler_open(&sampler, path);
	assert_true(sampler.file >= 0);
}

static struct samples
read_back(const struct folder *folder)
{
	struct samples samples;
	struct error err;

	must(samples_read(folder->fd, 1, 1, &samples, &err), &err);
	return samples;
}

/* Runs for so many seconds, and calls as the main loop does: also when nothing is due. */
static void
run_seconds(int seconds)
{
	for (int64_t end = monotonic_ms + seconds * 1000; monotonic_ms < end; monotonic_ms += 250)
		sampler_take_due(&sampler);
}

static void
test_job_that_ends_at_once_has_the_sample_at_its_end(void **state)
{
	const struct folder *folder = *state;
	struct samples samples;

	begin(folder);
	assert_int_equal(sampler_wait_ms(&sampler), 1000);
	sampler_take_due(&sampler);
	assert_int_equal(read_back(folder).count, 0);
	monotonic_ms += 3;
	sampler_take(&sampler);
	samples = read_back(folder);
	assert_int_equal(samples.count, 1);
	assert_int_equal(samples.items[0].cpu_ns, 5003000);
	assert_int_equal(samples.items[0].memory, 5003 * 7);
	assert_in_range(samples.items[0].time_ms, ((int64_t)time(NULL) - 60) * 1000,
	    ((int64_t)time(NULL) + 60) * 1000);
	close(sampler.file);
}

static void
test_sample_comes_each_second(void **state)
{
	const struct folder *folder = *state;
	struct samples samples;

	begin(folder);
	run_seconds(10);
	monotonic_ms += 100;
	sampler_take(&sampler);
	samples = read_back(folder);
	assert_int_equal(samples.count, 10); /* after 1 to 9 s, and at the end */
	for (size_t i = 1; i < 9; i++)
		assert_int_equal(samples.items[i].time_ms - samples.items[i - 1].time_ms, 1000);
	close(sampler.file);
}

static void
test_long_job_has_never_more_than_600_samples_at_even_times(void **state)
{
	static const struct {
		int seconds;
		size_t count;
		int64_t interval_ms;
	} rows[] = {
		{ 600, 600, 1000 }, /* after 1 to 599 s, and at the end */
		{ 601, 301, 2000 },
		{ 1199, 600, 2000 },
		{ 1200, 301, 4000 },
		{ 7 * 86400, 592, 1024000 },
	};
	const struct folder *folder = *state;
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct samples samples;
		size_t even = 0;

		begin(folder);
		run_seconds(rows[i].seconds);
		sampler_take(&sampler);
		samples = read_back(folder);
		for (size_t k = 1; k + 1 < samples.count; k++)
			even += samples.items[k].time_ms - samples.items[k - 1].time_ms ==
			    rows[i].interval_ms;
		row_check(failed, samples.count == rows[i].count, "%d s: %zu samples",
		    rows[i].seconds, samples.count);
		row_check(failed, even == samples.count - 2, "%d s: %zu at even times",
		    rows[i].seconds, even);
		row_check(failed, sampler.interval_ms == rows[i].interval_ms, "%d s: %lld ms",
		    rows[i].seconds, (long long)sampler.interval_ms);
		row_check(failed,
		    samples.items[samples.count - 1].cpu_ns == monotonic_ms * 1000 &&
			samples.items[0].cpu_ns == 6000000,
		    "%d s", rows[i].seconds);
		close(sampler.file);
	}
	rows_end(failed);
}

static void
test_paused_job_has_no_samples_of_the_pause(void **state)
{
	const struct folder *folder = *state;
	struct samples samples;

	begin(folder);
	run_seconds(3);
	monotonic_ms += 100000;
	run_seconds(3);
	samples = read_back(folder);
	assert_int_equal(samples.count, 2 + 3);
	close(sampler.file);
}

static void
test_what_a_job_writes_to_the_file_does_not_change_later_samples(void **state)
{
	const struct folder *folder = *state;
	struct samples samples;

	begin(folder);
	run_seconds(300);
	file_put(folder->fd, "1.1.usage", "garbage", 7); /* and cuts it */
	run_seconds(301);
	assert_int_equal(sampler.count, SAMPLES_MOST); /* without the part that was cut */
	run_seconds(2);                                /* thins it out */
	samples = read_back(folder);
	assert_int_equal(samples.count, sampler.count);
	assert_int_equal(samples.items[0].cpu_ns, 6000000);
	close(sampler.file);
}

static void
test_job_without_the_file_is_not_sampled(void **state)
{
	(void)state;
	sampler_open(&sampler, "/nonexistent/usage");
	assert_int_equal(sampler_wait_ms(&sampler), -1);
	monotonic_ms += 5000;
	sampler_take_due(&sampler);
	sampler_take(&sampler);
	assert_int_equal(sampler.count, 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_job_that_ends_at_once_has_the_sample_at_its_end),
		test(test_sample_comes_each_second),
		test(test_long_job_has_never_more_than_600_samples_at_even_times),
		test(test_paused_job_has_no_samples_of_the_pause),
		test(test_what_a_job_writes_to_the_file_does_not_change_later_samples),
		test(test_job_without_the_file_is_not_sampled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
