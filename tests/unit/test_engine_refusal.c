/*
 * The words of the engines for what they refuse for good, as they were seen.
 */
#include "support.h"

#include "engine_refusal.h"

#define RUNC "OCI runtime create failed: runc create failed: unable to start container process: "
#define INIT RUNC "error during container init: "

static void
test_refusals_for_good_are_told_from_failures_of_the_engine(void **state)
{
	static const struct {
		const char *message;
		enum engine_refusal refusal;
	} rows[] = {
		{ "", REFUSAL_NONE },
		{ "unable to find user nosuch: no matching entries in passwd file", REFUSAL_USER },
		{ "unable to find group nosuch: no matching entries in group file", REFUSAL_GROUP },
		{ "uids and gids must be in range 0-2147483647", REFUSAL_NUMBER },
		{ "Cannot mkdir: /bin/busybox is not a directory", REFUSAL_WORKDIR },
		{ "lstat /var/lib/docker/overlay2/71b6/merged/bin/busybox/x: not a directory",
		    REFUSAL_WORKDIR },
		{ "lstat /var/lib/docker/overlay2/71b6/merged/www: file name too long",
		    REFUSAL_WORKDIR },
		{ "evalSymlinksInScope: too many links in /var/lib/docker/overlay2/71b6/merged/w",
		    REFUSAL_WORKDIR },
		{ "workdir \"/bin/busybox\" exists on container 7966, but is not a directory",
		    REFUSAL_WORKDIR },
		{ "creating container e712 workdir: mkdir /x/merged/bin/busybox: not a directory",
		    REFUSAL_WORKDIR },
		{ INIT "mkdir /proc/x: no such file or directory: unknown", REFUSAL_WORKDIR },
		{ INIT "mkdir /sys/x: read-only file system", REFUSAL_WORKDIR },
		{ RUNC "chdir to cwd (\"/root\") set in config.json failed: permission denied",
		    REFUSAL_WORKDIR },
		{ INIT "error mounting \"/s/run/1.1/outbox\" to rootfs at \"/outbox\": mount "
		       "/s/run/1.1/outbox:/outbox (via /proc/self/fd/6), flags: 0x5000: not a "
		       "directory: OCI runtime error",
		    REFUSAL_MOUNT },
		{ "crun: mount `/s/run/1.1/outbox` to `outbox`: Not a directory: OCI runtime error",
		    REFUSAL_MOUNT },
		{ "network bridge not found", REFUSAL_NETWORK },
		{ "failed to set up container networking: network bridge not found",
		    REFUSAL_NETWORK },
		{ "container create: unable to find network with name or ID podman: network not found",
		    REFUSAL_NETWORK },
		{ INIT
		    "error setting cgroup config for procHooks process: unable to set memory limit "
		    "to 1 (current usage: 2670592, peak usage: 3051520)",
		    REFUSAL_MEMORY },
		{ RUNC "container init was OOM-killed (memory limit too low?)", REFUSAL_MEMORY },
		/* The engine's own failures, which pass. */
		{ "failed to create shim task: connection error: desc = \"transport: error while "
		  "dialing: dial unix /run/containerd/containerd.sock: connect: connection refused\"",
		    REFUSAL_NONE },
		{ INIT "context canceled", REFUSAL_NONE },
		{ "failed to create endpoint x on network bridge: adding interface failed",
		    REFUSAL_NONE },
		{ "joining network namespace of container: No such container: s", REFUSAL_NONE },
		{ "No such container: kabuto-1-job-1-1", REFUSAL_NONE },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed, engine_refusal_find(rows[i].message) == rows[i].refusal, "%s: %d",
		    rows[i].message, (int)engine_refusal_find(rows[i].message));
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals_for_good_are_told_from_failures_of_the_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
