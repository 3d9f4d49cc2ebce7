/*
 * Crash points: the process kills itself where the environment says.
 */
#include "crash.h"

#ifdef KABUTO_TEST_BUILD
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
crash_point(const char *life, const char *step)
{
	const char *wanted = getenv("KABUTO_FAULT"), *mark = getenv("KABUTO_FAULT_MARK");
	char here[64];

	snprintf(here, sizeof here, "%s.%s", life, step);
	if (wanted == NULL || mark == NULL || strcmp(wanted, here) != 0)
		return;
	if (open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) >= 0)
		(void)kill(getpid(), SIGKILL);
}

const char *
crash_folder(void)
{
	static char folder[PATH_MAX];
	const char *mark = getenv("KABUTO_FAULT_MARK");

	if (mark != NULL && strrchr(mark, '/') != NULL)
		snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(mark, '/') - mark), mark);
	return folder;
}
#endif
