/*
 * The samples of usage, as they are read and sealed: the job may have written anything there.
 */
#include "support.h"

#include "joblog.h"
#include "samples.h"

#define LAST INT64_C(253402300799999) /* ms, in the year 9999 */
#define MOST INT64_MAX

static void
test_only_sound_records_in_the_order_of_time_are_read(void **state)
{
	static const struct {
		struct sample samples[4];
		size_t count;
		int64_t sum; /* of the memory of those that are read */
	} rows[] = {
		{ { { 1, 0, 1 }, { 2, 0, 10 }, { 3, 5, 100 }, { 4, 5, 1000 } }, 4, 1111 },
		{ { { 5, 0, 1 }, { 5, 0, 10 }, { 4, 0, 100 }, { 6, 0, 1000 } }, 2, 1001 },
		{ { { 1, 9, 1 }, { 2, 8, 10 }, { 3, 9, 100 }, { 4, -1, 1000 } }, 2, 101 },
		{ { { 1, 0, -1 }, { 2, 0, 10 }, { 3, 0, MOST }, { 4, -1, 1 } }, 2, -1 },
		{ { { 0, 0, 1 }, { -1, 0, 10 }, { LAST, 0, 100 }, { LAST + 1, 0, 1000 } }, 1, 100 },
		{ { { MOST, 0, 1 }, { 1, MOST, 10 }, { 2, MOST, 100 }, { 3, 0, 1000 } }, 2, 110 },
		{ { { 0 } }, 0, 0 },
	};
	unsigned char bytes[4 * SAMPLES_RECORD];
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct samples samples;
		int64_t sum = 0;

		for (size_t k = 0; k < 4; k++)
			samples_record_encode(bytes + k * SAMPLES_RECORD, &rows[i].samples[k]);
		samples_parse(&samples, bytes, sizeof bytes);
		for (size_t k = 0; k < samples.count && rows[i].sum >= 0; k++)
			sum += samples.items[k].memory;
		row_check(failed, samples.count == rows[i].count, "row %zu: %zu", i, samples.count);
		row_check(failed, rows[i].sum < 0 || sum == rows[i].sum, "row %zu", i);
		samples_parse(&samples, bytes, SAMPLES_RECORD - 1);
		row_check(failed, samples.count == 0, "row %zu", i);
	}
	rows_end(failed);
}

/* kabuto-init writes the file from its beginning when it thins it out. */
static void
test_file_that_is_being_thinned_out_reads_in_order(void **state)
{
	static unsigned char bytes[SAMPLES_BYTES];
	struct samples samples;

	(void)state;
	for (int written = 0; written <= SAMPLES_MOST / 2; written++) {
		for (int i = 0; i < SAMPLES_MOST; i++) {
			int64_t at = i < written ? 2 * i + 1 : i + 1;
			const struct sample sample = { at * 1000, at, at };

			samples_record_encode(bytes + i * SAMPLES_RECORD, &sample);
		}
		samples_parse(&samples, bytes, sizeof bytes);
		assert_in_range(samples.count, SAMPLES_MOST / 2, SAMPLES_MOST);
		assert_int_equal(samples.items[samples.count - 1].time_ms, SAMPLES_MOST * 1000);
	}
}

/* Makes the file with so many records, and rest bytes after them. */
static void
put_records(const struct folder *folder, int64_t count, size_t rest)
{
	size_t length = (size_t)count * SAMPLES_RECORD + rest;
	cleanup_free unsigned char *bytes = calloc(1, length + 1);

	for (int64_t i = 0; i < count; i++) {
		const struct sample sample = { (i + 1) * 1000, i, i };

		samples_record_encode(bytes + i * SAMPLES_RECORD, &sample);
	}
	file_put(folder->fd, "1.1.usage", bytes, length);
}

static void
test_seal_cuts_the_file_to_what_is_read_and_closes_it(void **state)
{
	static const struct {
		int64_t count;
		size_t rest;
		int64_t kept;
	} rows[] = { { 0, 0, 0 }, { 0, 23, 0 }, { 1, 0, 1 }, { 7, 5, 7 }, { 600, 0, 600 },
		{ 600, 23, 600 }, { 900, 1, 600 } };
	const struct folder *folder = *state;
	struct samples samples;
	struct error err;
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t length;

		put_records(folder, rows[i].count, rows[i].rest);
		assert_int_equal(fchmodat(folder->fd, "1.1.usage", 0666, 0), 0);
		must(samples_seal(folder->fd, 1, 1, &err), &err);
		free(file_get(folder->fd, "1.1.usage", &length));
		must(samples_read(folder->fd, 1, 1, &samples, &err), &err);
		row_check(failed, (int64_t)length == rows[i].kept * SAMPLES_RECORD, "row %zu: %zu",
		    i, length);
		row_check(failed, (int64_t)samples.count == rows[i].kept, "row %zu: %zu", i,
		    samples.count);
		row_check(failed, file_mode(folder->fd, "1.1.usage") == 0640, "row %zu", i);
	}
	rows_end(failed);
}

static void
test_attempt_without_a_file_has_no_samples(void **state)
{
	const struct folder *folder = *state;
	struct samples samples = { .count = 9 };
	struct error err;

	must(samples_read(folder->fd, 1, 1, &samples, &err), &err);
	assert_int_equal(samples.count, 0);
	must(samples_seal(folder->fd, 1, 1, &err), &err);
	assert_false(file_exists(folder->fd, "1.1.usage"));
}

static void
test_log_is_made_with_the_file_and_overgrown_with_it(void **state)
{
	const struct folder *folder = *state;
	struct error err;

	must(joblog_create(folder->fd, 1, 1, &err), &err);
	assert_true(file_exists(folder->fd, "1.1.usage"));
	assert_int_equal(file_mode(folder->fd, "1.1.usage"), 0666);
	put_records(folder, SAMPLES_MOST, 0);
	assert_false(joblog_is_overgrown(folder->fd, 1, 1, 100));
	put_records(folder, SAMPLES_MOST, 1);
	assert_true(joblog_is_overgrown(folder->fd, 1, 1, 100));
}

#define test(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_only_sound_records_in_the_order_of_time_are_read),
		test(test_file_that_is_being_thinned_out_reads_in_order),
		test(test_seal_cuts_the_file_to_what_is_read_and_closes_it),
		test(test_attempt_without_a_file_has_no_samples),
		test(test_log_is_made_with_the_file_and_overgrown_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
