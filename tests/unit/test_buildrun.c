/*
 * A build's output: each line of it is JSON, whatever a program or the engine has said.
 * The functions that write it are static: the file is included.
 */
#include "support.h"

#include <sys/syscall.h>

#include "daemon/spooler/buildrun.c"

static bool takes_half, reading_fails;

/* Both in place of the C library's, for the whole program. */
ssize_t
write(int fd, const void *data, size_t length)
{
	return (ssize_t)syscall(SYS_write, fd, data,
	    takes_half && length > 1 ? length / 2 : length);
}

ssize_t
read(int fd, void *to, size_t length)
{
	if (!reading_fails)
		return (ssize_t)syscall(SYS_read, fd, to, length);
	errno = EIO;
	return -1;
}

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
	scene->worker.config = &scene->config;
	scene->state = (struct build_state){ .worker = &scene->worker,
		.build = &scene->build,
		.folder = folder->fd,
		.output.fd = -1 };
	must(buildrun_open_output(&scene->state, &err), &err);
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
		buildrun_checkout_output(&scene.state, rows[i].said);
		buildoutput_close(&scene.state.output);
		output = file_get(folder->fd, BUILD_OUTPUT, NULL);
		row_check(failed, strcmp(output, rows[i].line) == 0, "row %zu: '%s'", i, output);
	}
	rows_end(failed);
}

static void
test_line_is_written_whole_however_little_is_taken_at_a_time(void **state)
{
	const struct folder *folder = *state;
	cleanup_free char *output = NULL;
	struct scene scene;

	begin(&scene, folder);
	takes_half = true;
	buildrun_checkout_output(&scene.state, "one line");
	takes_half = false;
	buildoutput_close(&scene.state.output);
	output = file_get(folder->fd, BUILD_OUTPUT, NULL);
	assert_string_equal(output, "{\"stream\":\"one line\\n\"}\n");
}

static void
test_dockerfile_that_cannot_be_read_is_not_taken_for_none(void **state)
{
	const struct folder *folder = *state;
	struct scene scene;
	struct error err;
	char *text;

	begin(&scene, folder);
	buildoutput_close(&scene.state.output);
	assert_null(buildrun_read_dockerfile(folder->fd, "Dockerfile", &err));
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_int_equal(mkdirat(folder->fd, "Dockerfile", 0755), 0);
	assert_null(buildrun_read_dockerfile(folder->fd, "Dockerfile", &err));
	assert_int_equal(err.kind, ERROR_INPUT);
	file_put(folder->fd, "Dockerfile.real", "FROM x", 6);
	assert_int_equal(symlinkat("Dockerfile.real", folder->fd, "Dockerfile.link"), 0);
	assert_null(buildrun_read_dockerfile(folder->fd, "Dockerfile.link", &err));
	assert_int_equal(err.kind, ERROR_INPUT);
	text = buildrun_read_dockerfile(folder->fd, "Dockerfile.real", &err);
	assert_string_equal(text, "FROM x");
	free(text);
	reading_fails = true;
	text = buildrun_read_dockerfile(folder->fd, "Dockerfile.real", &err);
	reading_fails = false;
	assert_null(text);
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_string_equal(err.text, "read the Dockerfile: Input/output error");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_line_is_written_whole_however_little_is_taken_at_a_time, folder_setup,
		    folder_teardown),
		cmocka_unit_test_setup_teardown(
		    test_dockerfile_that_cannot_be_read_is_not_taken_for_none, folder_setup,
		    folder_teardown),
		cmocka_unit_test_setup_teardown(
		    test_every_line_that_a_program_says_is_in_the_output, folder_setup,
		    folder_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
