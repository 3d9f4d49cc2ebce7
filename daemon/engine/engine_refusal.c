/*
 * The words of Docker 20.10 to 28, Podman 4 and 5, runc and crun for what they refuse for good.
 */
#include "engine_refusal.h"

#include <stddef.h>
#include <string.h>

/* A message means refusal if it contains both texts. The first row that fits counts. */
static const struct {
	enum engine_refusal refusal;
	const char *text;
	const char *also; /* NULL: the first text is enough */
} rows[] = {
	{ REFUSAL_USER, "unable to find user ", NULL },
	{ REFUSAL_USER, "no matching entries in passwd file", NULL },
	{ REFUSAL_GROUP, "unable to find group ", NULL },
	{ REFUSAL_GROUP, "no matching entries in group file", NULL },
	{ REFUSAL_NUMBER, "uids and gids must be in range", NULL },
	{ REFUSAL_MOUNT, "error mounting", "not a directory" },              /* runc */
	{ REFUSAL_MOUNT, "mount `", "Not a directory" },                     /* crun */
	{ REFUSAL_MOUNT, "Are you trying to mount a directory", NULL },      /* Docker */
	{ REFUSAL_WORKDIR, "Cannot mkdir: ", "is not a directory" },         /* Docker */
	{ REFUSAL_WORKDIR, "lstat ", ": not a directory" },                  /* Docker */
	{ REFUSAL_WORKDIR, "lstat ", ": file name too long" },               /* Docker */
	{ REFUSAL_WORKDIR, "evalSymlinksInScope: too many links", NULL },    /* Docker */
	{ REFUSAL_WORKDIR, "workdir \"", "on container" },                   /* Podman */
	{ REFUSAL_WORKDIR, " workdir: mkdir ", NULL },                       /* Podman */
	{ REFUSAL_WORKDIR, "error during container init: mkdir ", NULL },    /* runc */
	{ REFUSAL_WORKDIR, "chdir to cwd ", NULL },                          /* runc */
	{ REFUSAL_WORKDIR, "chdir `", NULL },                                /* crun */
	{ REFUSAL_NETWORK, "unable to find network with name or ID", NULL }, /* Podman */
	{ REFUSAL_NETWORK, "network ", " not found" },                       /* Docker */
	{ REFUSAL_MEMORY, "unable to set memory limit to", NULL },           /* runc */
	{ REFUSAL_MEMORY, "memory limit too low", NULL },                    /* runc */
	{ REFUSAL_MEMORY, "the memory limit could be too low", NULL },       /* crun */
	{ REFUSAL_MEMORY, "cannot set the memory limit lower than", NULL },  /* crun */
};

enum engine_refusal
engine_refusal_find(const char *message)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strstr(message, rows[i].text) != NULL &&
		    (rows[i].also == NULL || strstr(message, rows[i].also) != NULL))
			return rows[i].refusal;
	return REFUSAL_NONE;
}
