/*
 * Creates, opens and measures an attempt's files.
 */
#include "runfolder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "joblog.h"
#include "take.h"
#include "tree.h"
#include "worker.h"

#define OWN_FILE_MOST 65536 /* bytes of a file in run/ outside the outbox */
#define DISK_CHECK_MS 5000  /* between two checks of the outbox's size, if they are quick */

const char *
runfolder_name(const struct run *run, char name[static SPOOL_RUN_NAME])
{
	return spool_run_name(name, run->job.id, run->job.attempt);
}

/*
 * Creates a folder that any user in the container may use. The mode of run/ keeps out other users.
 */
static bool
runfolder_make_folder(int dir, const char *name, mode_t mode, struct error *err)
{
	if ((mkdirat(dir, name, mode) < 0 && errno != EEXIST) || fchmodat(dir, name, mode, 0) < 0)
		return error_errno(err, "make the folder '%s'", name);
	return true;
}

bool
runfolder_open(struct run *run, struct error *err)
{
	char name[SPOOL_RUN_NAME];

	if (run->folder >= 0)
		return true;
	runfolder_name(run, name);
	run->folder = openat(run->worker->spooler->spool.run, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return run->folder >= 0 || error_errno(err, "open the folder run/%s", name);
}

bool
runfolder_make(struct run *run, struct error *err)
{
	struct spool *spool = &run->worker->spooler->spool;
	cleanup_close int usage = -1;
	char name[SPOOL_RUN_NAME];

	runfolder_name(run, name);
	if (run->folder >= 0)
		(void)close(take_fd(&run->folder));
	if (!tree_remove(spool->run, name, err) ||
	    !runfolder_make_folder(spool->run, name, 0700, err) || !runfolder_open(run, err) ||
	    !runfolder_make_folder(run->folder, "outbox", 0777, err) ||
	    !runfolder_make_folder(run->folder, "inbox", 0755, err))
		return false;
	usage = openat(run->folder, "usage", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (usage < 0 || fchmod(usage, 0666) < 0)
		return error_errno(err, "make the file usage");
	return joblog_create(spool->logs, run->job.id, run->job.attempt, err);
}

bool
runfolder_outbox_too_large(struct run *run)
{
	struct error ignored;
	int64_t bytes = 0, begun = clock_monotonic_ms(), took;

	if (begun < run->next_disk_check_ms)
		return false;
	run->next_disk_check_ms = begun + DISK_CHECK_MS;
	if (!runfolder_open(run, &ignored))
		return false;
	{
		cleanup_close int outbox =
		    openat(run->folder, "outbox", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (outbox >= 0)
			bytes = tree_measure(outbox, run->job.disk);
	}
	took = clock_monotonic_ms() - begun;
	run->next_disk_check_ms = begun + (took * 20 > DISK_CHECK_MS ? took * 20 : DISK_CHECK_MS);
	return bytes > run->job.disk;
}

static int64_t
runfolder_file_size(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_size;
}

bool
runfolder_own_files_too_large(struct run *run)
{
	static const char *const names[] = { "usage", "hosts", "hostname", "resolv.conf" };
	const struct spooler *spooler = run->worker->spooler;
	struct error ignored;

	if (!runfolder_open(run, &ignored))
		return false;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (tree_file_is_over(run->folder, names[i], OWN_FILE_MOST))
			return true;
	return joblog_is_overgrown(spooler->spool.logs, run->job.id, run->job.attempt,
	    run->worker->config->log_limit);
}

void
runfolder_measure(struct run *run)
{
	const struct spool *spool = &run->worker->spooler->spool;
	char results[SPOOL_RESULTS_NAME], name[JOBLOG_NAME];

	run->job.results_size = runfolder_file_size(spool->results,
	    spool_results_name(results, run->job.results_token, "zip"));
	run->job.log_size = 0;
	for (size_t i = 0; i < JOBLOG_FILES; i++)
		run->job.log_size += runfolder_file_size(spool->logs,
		    joblog_name(name, run->job.id, run->job.attempt, joblog_suffixes[i]));
}
