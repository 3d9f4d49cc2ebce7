/*
 * The limits of what lies in an attempt's folder.
 */
#include "runfolder.h"
#include "support.h"


static void
test_log_has_the_limit_that_held_when_the_job_began(void **state)
{
	const struct folder *folder = *state;
	const struct config began = { .log_limit = 4096 }, now = { .log_limit = 100 };
	struct spooler spooler = { .config = &now, .spool.logs = folder->fd };
	struct worker worker = { .spooler = &spooler, .config = &began };
	struct run run = { .worker = &worker, .folder = folder->fd };
	char text[4097];

	run.job.id = 7;
	run.job.attempt = 1;
	memset(text, 'x', sizeof text);
	file_put(folder->fd, "7.1.log", text, 4096);
	assert_false(runfolder_own_files_too_large(&run));
	file_put(folder->fd, "7.1.log", text, 4097);
	assert_true(runfolder_own_files_too_large(&run));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_log_has_the_limit_that_held_when_the_job_began,
		    folder_setup, folder_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
