/*
 * Whether there are sandboxes. The functions that decide are static: the file is included.
 */
#include "support.h"

#include "daemon/spooler/sandbox.c"

static void
test_setting_and_engine_say_whether_there_are_sandboxes(void **state)
{
	static const struct {
		const char *setting;
		bool podman;
		const char *version;
		bool off, useful;
	} rows[] = {
		{ "auto", false, "1.41", false, true },
		{ "auto", false, "1.47", false, true },
		{ "auto", false, "1.48", false, false },
		{ "auto", false, "1.51", false, false },
		{ "auto", true, "1.41", false, true },
		{ "on", false, "1.51", false, true },
		{ "true", false, "1.51", false, true },
		{ "yes", false, "1.51", false, true },
		{ "off", false, "1.41", true, true },
		{ "false", false, "1.41", true, true },
		{ "no", false, "1.41", true, true },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct engine engine = { .podman = rows[i].podman };

		snprintf(engine.version, sizeof engine.version, "%s", rows[i].version);
		row_check(failed, sandbox_is_off(rows[i].setting) == rows[i].off, "%s",
		    rows[i].setting);
		row_check(failed, sandbox_is_useful(rows[i].setting, &engine) == rows[i].useful,
		    "%s %s", rows[i].setting, rows[i].version);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setting_and_engine_say_whether_there_are_sandboxes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
