/*
 * A build's output: each line of it is JSON, whatever a program or the engine has said.
 * The functions that write it are static: the file is included.
 */
#include "support.h"

#include "daemon/buildrun.c"

/* A build whose output goes to the file "output" of the test's folder. */
struct scene {
	struct spooler spooler;
	struct worker worker;
	struct config config;
	struct build build;
	struct build_state state;
};

static void
begin(struct scene *scene, const struct folder *folder)
{
	struct error err;

	*scene = (struct scene){ .config.build.output_limit = 1000 };
	scene->spooler.config = &scene->config;
	scene->worker.spooler = &scene->spooler;
	scene->state = (struct build_state){
		.worker = &scene->worker, .build = &scene->build, .folder = folder->fd, .output = -1
	};
	must(open_output(&scene->state, &err), &err);
}

static void
test_every_line_that_a_program_says_is_in_the_output(void **state)
{
	static const struct {
		const char *said, *line;
	} rows[] = {
		{ "Cloning into 'clone'...", "{\"stream\":\"Cloning into 'clone'...\\n\"}\n" },
		{ "caf\xc3\xa9", "{\"stream\":\"caf\xc3\xa9\\n\"}\n" },
		{ "caf\xe9", "{\"stream\":\"caf\xef\xbf\xbd\\n\"}\n" },
		{ "cut\xe2\x82", "{\"stream\":\"cut\xef\xbf\xbd\xef\xbf\xbd\\n\"}\n" },
	};
	const struct folder *folder = *state;
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_free char *output = NULL;
		struct scene scene;

		begin(&scene, folder);
		checkout_output(&scene.state, rows[i].said);
		(void)close(scene.state.output);
		output = file_get(folder->fd, BUILD_OUTPUT, NULL);
		row_check(failed, strcmp(output, rows[i].line) == 0, "row %zu: '%s'", i, output);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_every_line_that_a_program_says_is_in_the_output, folder_setup,
		    folder_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
