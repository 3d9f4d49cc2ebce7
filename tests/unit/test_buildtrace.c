/*
 * What the messages of a classic build say that it leaves.
 */
#include "support.h"

#include "buildtrace.h"

#define ID    "0123456789ab"
#define OTHER "ba9876543210"

static void
test_messages_name_the_last_image_and_the_running_container(void **state)
{
	static const struct {
		const char *said[4];
		const char *image, *container;
	} rows[] = {
		{ { "Step 1/2 : FROM x\n", " ---> " ID "\n" }, ID, "" },
		{ { " ---> " ID "\n", "Step 2/2 : RUN y\n", " ---> Running in " OTHER "\n" }, ID,
		    OTHER },
		{ { " ---> Running in " OTHER "\n", "Removing intermediate container " OTHER "\n",
		      " ---> " ID "\n" },
		    ID, "" },
		{ { " ---> " ID "\n", " ---> " OTHER "\n" }, OTHER, "" },
		{ { " ---> Using cache\n", " ---> short\n", " ---> 0123\n" }, "", "" },
		{ { " ---> " ID }, "", "" },
		{ { " ---> " ID "\nmore\n" }, "", "" },
		{ { " ---> Running in " ID "/../x\n" }, "", "" },
		{ { "echo  ---> " ID "\n" }, "", "" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buildtrace trace = { 0 };

		for (size_t n = 0; n < COUNT(rows[i].said) && rows[i].said[n] != NULL; n++)
			buildtrace_read(&trace, rows[i].said[n]);
		row_check(failed, strcmp(trace.image, rows[i].image) == 0, "row %zu: %s", i,
		    trace.image);
		row_check(failed, strcmp(trace.container, rows[i].container) == 0, "row %zu: %s", i,
		    trace.container);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_name_the_last_image_and_the_running_container),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
