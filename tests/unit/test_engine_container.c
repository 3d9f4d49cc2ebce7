/*
 * What is read of the engine's description of a container. The functions that read are static: the
 * file is included.
 */
#include "support.h"

#include "engine_time.h"

#include "daemon/engine/engine_container.c"

static void
test_times_are_read_to_the_millisecond(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ NULL, 0 },
		{ "", 0 },
		{ "yesterday", 0 },
		{ "0001-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:01Z", 1000 },
		{ "2024-02-29T12:34:56Z", 1709210096000 },
		{ "2024-02-29T12:34:56.1Z", 1709210096100 },
		{ "2024-02-29T12:34:56.123456789Z", 1709210096123 },
		{ "2024-02-29T12:34:56.999999999Z", 1709210096999 },
		{ "2024-02-29T12:34:56.Z", 1709210096000 },
		{ "2024-02-29T12:34:56.1e999Z", 1709210096100 },
		{ "2024-02-29T12:34:56.-5Z", 1709210096000 },
		{ "2024-02-29T13:34:56.123+01:00", 1709210096123 },
		{ "2024-02-29T08:04:56-04:30", 1709210096000 },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed, engine_time_read(rows[i].text) == rows[i].ms, "%s: %lld",
		    rows[i].text != NULL ? rows[i].text : "NULL",
		    (long long)engine_time_read(rows[i].text));
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_are_read_to_the_millisecond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
