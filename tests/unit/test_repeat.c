/*
 * When a transfer that was cut is begun again, and when a connection counts as silent.
 */
#include "support.h"

#include "src/client/http.c"
#include "repeat.h"

static void
test_transfer_is_repeated_for_a_minute(void **state)
{
	static const struct {
		enum error_kind kind;
		int64_t silent_s;
		int count, retry_after_s;
		bool connected, again;
	} rows[] = {
		{ ERROR_AWAY, 0, 0, 0, true, true },
		{ ERROR_AWAY, 59, 5, 0, true, true },
		{ ERROR_AWAY, 61, 5, 0, true, false },
		{ ERROR_AWAY, 3000, 0, 0, true, true }, /* the program was stopped meanwhile */
		{ ERROR_AWAY, 3000, 1, 0, true, false },
		{ ERROR_AWAY, 4, 3, 0, false, true },
		{ ERROR_AWAY, 6, 0, 0, false, false },
		{ ERROR_BUSY, 0, 0, 30, true, true },
		{ ERROR_BUSY, 0, 0, 61, true, false },
		{ ERROR_BUSY, 0, 0, 999999, true, false },
		{ ERROR_INPUT, 0, 0, 0, true, false },
	};
	static const volatile sig_atomic_t stop = 1; /* ends the pause */
	struct http http = { .stop = &stop, .quiet = true };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct repeat repeat = { .moved_ms =
					     clock_monotonic_ms() - rows[i].silent_s * MS_PER_S,
			.count = rows[i].count };
		struct error err;

		error_set(&err, rows[i].kind, "x");
		err.retry_after_s = rows[i].retry_after_s;
		(void)repeat_after(&repeat, &http, rows[i].connected, &err);
		row_check(failed, (err.kind == ERROR_INTERRUPTED) == rows[i].again, "row %zu", i);
	}
	rows_end(failed);
}

static void
test_time_in_which_the_program_was_stopped_is_no_silence(void **state)
{
	static const struct {
		int64_t moved_s, seen_s; /* ago */
		int silent;
	} rows[] = { { 0, 0, 0 }, { 39, 1, 0 }, { 41, 1, 1 }, { 3000, 1, 1 }, { 3000, 3000, 0 } };
	const struct http_request request = { .silent_s = 40 };
	struct http http = { 0 };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int64_t now = clock_monotonic_ms();
		struct transfer transfer = { .http = &http,
			.request = &request,
			.moved = 7,
			.moved_ms = now - rows[i].moved_s * MS_PER_S,
			.seen_ms = now - rows[i].seen_s * MS_PER_S };

		row_check(failed, http_on_progress(&transfer, 0, 4, 0, 3) == rows[i].silent,
		    "row %zu", i);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transfer_is_repeated_for_a_minute),
		cmocka_unit_test(test_time_in_which_the_program_was_stopped_is_no_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
