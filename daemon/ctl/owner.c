/*
 * Changes the user, and gives the process the same groups and capabilities as the spooler's unit.
 */
#include "owner.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GROUPS_MOST 64

/* Adds a group to the groups of the process. */
static bool
owner_join(gid_t group)
{
	gid_t groups[GROUPS_MOST];
	int count = getgroups(GROUPS_MOST - 1, groups);

	if (count < 0)
		return false;
	groups[count] = group;
	return setgroups((size_t)count + 1, groups) == 0;
}

/*
 * Takes the groups that the spooler needs, whether or not /etc/group lists them: the group of the
 * state directory, and the group of the web server, which reads results and logs. Not the engine's
 * group, because only the spooler talks to the engine.
 */
static bool
owner_take_groups(const struct config *config, const struct passwd *owner, gid_t state)
{
	const struct group *web = getgrnam(config->web_server_group);

	return initgroups(owner->pw_name, owner->pw_gid) == 0 && owner_join(state) &&
	    (web == NULL || owner_join(web->gr_gid)) && setgid(owner->pw_gid) == 0;
}

/* Needed to remove root's files: a job that runs as root leaves them in its outbox. */
static bool
owner_keep_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	data[0].permitted = data[0].effective = 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER;
	return syscall(SYS_capset, &header, data) == 0;
}

bool
owner_become(const struct config *config, struct error *err)
{
	const struct passwd *owner;
	struct stat state;

	if (stat(config->state_dir, &state) < 0)
		return error_errno(err, "read the state directory '%s'", config->state_dir);
	if (geteuid() == state.st_uid)
		return true;
	owner = getpwuid(state.st_uid);
	if (geteuid() != 0)
		return error_set(err, ERROR_FORBIDDEN,
		    "only root or '%s', the owner of '%s', may do this: use sudo",
		    owner != NULL ? owner->pw_name : "the user", config->state_dir);
	if (owner == NULL)
		return error_set(err, ERROR_SYSTEM,
		    "'%s' belongs to a user that does not exist: %ld", config->state_dir,
		    (long)state.st_uid);
	if (!owner_take_groups(config, owner, state.st_gid) ||
	    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setuid(owner->pw_uid) < 0 ||
	    !owner_keep_capabilities())
		return error_errno(err, "become '%s'", owner->pw_name);
	return true;
}
