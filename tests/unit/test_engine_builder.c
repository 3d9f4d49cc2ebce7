/*
 * Which builder an engine's builds use.
 */
#include "support.h"

#include "engine_builder.h"

static void
test_builder_follows_engine_and_setting(void **state)
{
	static const struct {
		const char *version;
		bool podman;
		const char *choice;
		enum builder builder;
	} rows[] = {
		{ "1.41", false, "auto", BUILDER_CLASSIC },
		{ "1.42", false, "auto", BUILDER_CLASSIC },
		{ "1.43", false, "auto", BUILDER_BUILDKIT },
		{ "1.52", false, "auto", BUILDER_BUILDKIT },
		{ "1.100", false, "auto", BUILDER_BUILDKIT },
		{ "1.41", false, "buildkit", BUILDER_BUILDKIT },
		{ "1.52", false, "classic", BUILDER_CLASSIC },
		{ "1.41", true, "auto", BUILDER_PODMAN },
		{ "1.43", true, "auto", BUILDER_PODMAN },
		{ "1.41", true, "buildkit", BUILDER_PODMAN },
		{ "1.41", true, "classic", BUILDER_PODMAN },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct engine engine = { .podman = rows[i].podman };

		snprintf(engine.version, sizeof engine.version, "%s", rows[i].version);
		row_check(failed, engine_builder_choose(&engine, rows[i].choice) == rows[i].builder,
		    "API %s, podman %d, %s", rows[i].version, rows[i].podman, rows[i].choice);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builder_follows_engine_and_setting)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
