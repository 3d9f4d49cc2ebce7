/*
 * The folder through which the spooler and kabuto-init in a sandbox speak with each other.
 */
#include "sandbox_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "spool.h"
#include "standby_answer.h"
#include "tree.h"
#include "write.h"

#define SHOW_MS   10000 /* time for kabuto-init to publish the network's files */
#define ANSWER_MS 1000  /* time for kabuto-init to say whether a job left traces */
#define POLL_MS   200   /* how soon that wait notices a stop */

const struct sandbox_file sandbox_files[] = {
	{ "hosts", "/etc/hosts" }, { "resolv.conf", "/etc/resolv.conf" },
	{ "hostname", "/etc/hostname" }, /* the last file that kabuto-init publishes */
};

void
sandbox_folder_name(char name[static SANDBOX_FOLDER_NAME], int64_t slot, const char *network)
{
	snprintf(name, SANDBOX_FOLDER_NAME, "%lld.%s", (long long)slot, network);
}

/* Opens the folder of one sandbox, in run/. Returns -1 with errno set. */
static int
sandbox_folder_open(const struct spooler *spooler, int64_t slot, const char *network)
{
	cleanup_close int all = openat(spooler->spool.run, SPOOL_SANDBOXES,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char name[SANDBOX_FOLDER_NAME];

	sandbox_folder_name(name, slot, network);
	return all < 0 ? -1 : openat(all, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Makes a FIFO to or from kabuto-init, which may be any user in the container. */
static bool
sandbox_folder_make_fifo(int folder, const char *name, struct error *err)
{
	return (mkfifoat(folder, name, 0666) == 0 && fchmodat(folder, name, 0666, 0) == 0) ||
	    error_errno(err, "make the sandbox's file %s", name);
}

bool
sandbox_folder_make(struct spooler *spooler, int64_t slot, const char *network, struct error *err)
{
	cleanup_close int all = -1, folder = -1;
	char name[SANDBOX_FOLDER_NAME];

	sandbox_folder_name(name, slot, network);
	if (mkdirat(spooler->spool.run, SPOOL_SANDBOXES, 0700) < 0 && errno != EEXIST)
		return error_errno(err, "make the folder run/" SPOOL_SANDBOXES);
	all = openat(spooler->spool.run, SPOOL_SANDBOXES,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (all < 0)
		return error_errno(err, "open the folder run/" SPOOL_SANDBOXES);
	if (!tree_remove(all, name, err))
		return false;
	if (mkdirat(all, name, 0777) < 0 || fchmodat(all, name, 0777, 0) < 0)
		return error_errno(err, "make the folder run/" SPOOL_SANDBOXES "/%s", name);
	folder = openat(all, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return folder < 0 ? error_errno(err, "open the folder run/" SPOOL_SANDBOXES "/%s", name)
			  : sandbox_folder_make_fifo(folder, STANDBY_ASK, err) &&
		sandbox_folder_make_fifo(folder, STANDBY_ANSWER, err);
}

static bool
sandbox_folder_copy_file(int from_dir, int to_dir, const char *name, struct error *err)
{
	cleanup_close int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int to =
	    openat(to_dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (from < 0 || to < 0 || !write_copy(from, to) || fchmod(to, 0644) < 0)
		return error_errno(err, "copy the sandbox's file %s", name);
	return true;
}

bool
sandbox_folder_copy_files(struct spooler *spooler, int64_t slot, const char *network, int folder,
    struct error *err)
{
	cleanup_close int from = sandbox_folder_open(spooler, slot, network);

	if (from < 0)
		return error_errno(err, "open the sandbox's folder");
	for (size_t i = 0; i < SANDBOX_FILES; i++)
		if (!sandbox_folder_copy_file(from, folder, sandbox_files[i].name, err))
			return false;
	return true;
}

bool
sandbox_folder_wait(struct spooler *spooler, int64_t slot, const char *network, struct error *err)
{
	const char *last = sandbox_files[SANDBOX_FILES - 1].name;
	cleanup_close int folder = sandbox_folder_open(spooler, slot, network);
	cleanup_close int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct pollfd fd = { .fd = watch, .events = POLLIN };
	int64_t deadline = clock_monotonic_ms() + SHOW_MS, left;
	char path[64], events[4096];

	snprintf(path, sizeof path, "/proc/self/fd/%d/.", folder);
	if (folder < 0 || watch < 0 || inotify_add_watch(watch, path, IN_MOVED_TO) < 0)
		return error_errno(err, "watch a sandbox's folder");
	while (faccessat(folder, last, R_OK, 0) < 0) {
		left = deadline - clock_monotonic_ms();
		if (left <= 0 || spooler->stopping)
			return error_set(err, ERROR_SYSTEM,
			    "kabuto-init did not publish its network's files in time");
		(void)poll(&fd, 1, (int)(left < POLL_MS ? left : POLL_MS));
		(void)!read(watch, events, sizeof events);
	}
	return true;
}

/* Opens a FIFO of kabuto-init. Opened for both directions, it needs no process at its other end. */
static int
sandbox_folder_open_fifo(int folder, const char *name)
{
	return openat(folder, name, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
}

bool
sandbox_folder_is_clean(struct spooler *spooler, int64_t slot, const char *network)
{
	cleanup_close int folder = sandbox_folder_open(spooler, slot, network);
	cleanup_close int ask = folder < 0 ? -1 : sandbox_folder_open_fifo(folder, STANDBY_ASK);
	cleanup_close int answer =
	    folder < 0 ? -1 : sandbox_folder_open_fifo(folder, STANDBY_ANSWER);
	struct pollfd fd = { .fd = answer, .events = POLLIN };
	int64_t deadline = clock_monotonic_ms() + ANSWER_MS, left;
	/* An answer to a former request may come late. */
	const char number = (char)randombytes_uniform(UCHAR_MAX + 1);
	char got[2];

	if (ask < 0 || answer < 0 || write(ask, &number, 1) != 1)
		return false;
	while ((left = deadline - clock_monotonic_ms()) > 0) {
		(void)poll(&fd, 1, (int)left);
		while (read(answer, got, sizeof got) == sizeof got)
			if (got[0] == number)
				return got[1] == STANDBY_CLEAN;
	}
	return false;
}

bool
sandbox_folder_remove(struct spooler *spooler, int64_t slot, const char *network, struct error *err)
{
	char name[SANDBOX_FOLDER_NAME], path[SANDBOX_FOLDER_NAME + sizeof SPOOL_SANDBOXES];

	sandbox_folder_name(name, slot, network);
	snprintf(path, sizeof path, SPOOL_SANDBOXES "/%s", name);
	return tree_remove(spooler->spool.run, path, err);
}
