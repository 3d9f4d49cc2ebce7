/*
 * Asking again a server that does not answer, and sending again, by a clock of the test's own.
 */
#include "support.h"

#include "http.h"

static int64_t now_ms;
static int pauses[400], paused;
static bool signalled;

static int64_t
fake_clock(void)
{
	return now_ms;
}

static bool
fake_pause(struct http *http, int milliseconds, struct error *err)
{
	(void)http;
	if (signalled)
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	now_ms += milliseconds;
	pauses[paused++] = milliseconds;
	return true;
}

#define clock_monotonic_ms fake_clock
#define http_pause         fake_pause
#include "src/client/patience.c"
#include "src/client/repeat.c"

static int
begin(void **state)
{
	(void)state;
	now_ms = 1000000;
	paused = 0;
	signalled = false;
	return 0;
}

static void
test_pauses_grow_to_5_seconds_and_end_after_10_minutes(void **state)
{
	static const int first[] = { 500, 1000, 2000, 4000, 5000, 5000 };
	struct http http = { .quiet = true };
	struct patience patience = { 0 };
	struct error err = { .kind = ERROR_AWAY, .text = "cut" };

	(void)state;
	while (patience_wait(&patience, &http, &err))
		assert_string_equal(err.text, "cut");
	for (size_t i = 0; i < COUNT(first); i++)
		assert_int_equal(pauses[i], first[i]);
	assert_in_range(now_ms - 1000000, 600000, 605000);
	assert_int_equal(err.kind, ERROR_AWAY);
	assert_string_equal(err.text, "no answer for 10 minutes: cut");
}

static void
test_answer_begins_the_time_anew(void **state)
{
	struct http http = { .quiet = true };
	struct patience patience = { 0 };
	struct error err = { .kind = ERROR_BUSY, .text = "busy" };

	(void)state;
	for (int i = 0; i < 200; i++) {
		assert_true(patience_wait(&patience, &http, &err));
		assert_true(patience_wait(&patience, &http, &err));
		now_ms += 400000;
		patience_reset(&patience);
	}
	assert_int_equal(pauses[398], 500);
}

static void
test_signal_ends_the_pause(void **state)
{
	struct http http = { .quiet = true };
	struct patience patience = { 0 };
	struct error err = { .kind = ERROR_AWAY, .text = "cut" };

	(void)state;
	signalled = true;
	assert_false(patience_wait(&patience, &http, &err));
	assert_int_equal(err.kind, ERROR_INTERRUPTED);
}

static void
test_only_what_passes_by_itself_is_waited_for(void **state)
{
	(void)state;
	for (int kind = ERROR_NONE; kind < ERROR_KINDS; kind++) {
		const struct error err = { .kind = (enum error_kind)kind };

		assert_true(patience_may_help(&err) ==
		    (kind == ERROR_AWAY || kind == ERROR_BUSY || kind == ERROR_TOO_MANY));
	}
}

static void
test_transfer_is_begun_again_for_a_minute_at_most(void **state)
{
	static const struct {
		int retry_after_s;
		int64_t most_ms; /* when it gives up */
	} rows[] = { { 0, 64000 }, { 1, 64000 }, { 20, 60000 }, { 60, 60000 }, { 61, 0 },
		{ 3600, 0 }, { 999999, 0 } };
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http http = { .quiet = true };
		struct repeat repeat;
		struct error err = { .kind = ERROR_BUSY, .retry_after_s = rows[i].retry_after_s };

		(void)begin(state);
		repeat_begin(&repeat);
		while (repeat_after(&repeat, &http, true, &err))
			continue;
		row_check(failed, now_ms - 1000000 <= rows[i].most_ms, "%d: %lld ms",
		    rows[i].retry_after_s, (long long)now_ms - 1000000);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_pauses_grow_to_5_seconds_and_end_after_10_minutes,
		    begin),
		cmocka_unit_test_setup(test_answer_begins_the_time_anew, begin),
		cmocka_unit_test_setup(test_signal_ends_the_pause, begin),
		cmocka_unit_test(test_only_what_passes_by_itself_is_waited_for),
		cmocka_unit_test(test_transfer_is_begun_again_for_a_minute_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
