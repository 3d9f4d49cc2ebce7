/*
 * Words for what the engine refuses because of the job or its image.
 */
#include "runrefusal.h"

#include <stdio.h>
#include <string.h>

#include "engine_refusal.h"
#include "quantity.h"
#include "runend.h"

#define NAME_MOST 256

/* Copies what is in text between `before` and `after`. Empty: the text has no such part. */
static void
runrefusal_part(char part[static NAME_MOST], const char *text, const char *before,
    const char *after)
{
	const char *from = strstr(text, before), *end;

	part[0] = '\0';
	if (from == NULL)
		return;
	from += strlen(before);
	end = strstr(from, after);
	if (end != NULL && end - from < NAME_MOST)
		snprintf(part, NAME_MOST, "%.*s", (int)(end - from), from);
}

static void
runrefusal_explain_user(struct run *run, const char *text, const char *what, const char *file)
{
	char before[64], name[NAME_MOST];

	snprintf(before, sizeof before, "unable to find %s ", what);
	runrefusal_part(name, text, before, ": no matching");
	if (run->job.user != NULL)
		runend_set_error(run,
		    "user: the image has no %s '%s': use one that is in its %s, or a number", what,
		    name, file);
	else
		runend_set_error(run,
		    "the image's USER names the %s '%s', which its %s does not have: add it in the Dockerfile, or give the job another user",
		    what, name, file);
}

static void
runrefusal_explain_workdir(struct run *run)
{
	if (run->job.workdir != NULL)
		runend_set_error(run,
		    "workdir: '%s' is no folder in the image and cannot be made there, or the job's user may not enter it",
		    run->job.workdir);
	else
		runend_set_error(run,
		    "the image's WORKDIR is no folder, or the job's user may not enter it: give the job another workdir");
}

static void
runrefusal_explain_mount(struct run *run, const struct error *err)
{
	const char *workdir = run->job.workdir;
	char target[NAME_MOST];

	runrefusal_part(target, err->text, "to rootfs at \"", "\""); /* runc */
	if (target[0] == '\0')
		runrefusal_part(target, err->text, "` to `", "`"); /* crun */
	if (target[0] == '\0')
		runend_set_error(run, "%s", err->text);
	else if (workdir != NULL && strncmp(workdir, target, strlen(target)) == 0)
		/* Docker makes the working directory before it mounts. */
		runend_set_error(run, "workdir: '%s' is where Kabuto needs a file of its own",
		    workdir);
	else
		runend_set_error(run,
		    "the image has a file at '%s' where Kabuto needs a folder, or a folder where it needs a file: remove it in the Dockerfile",
		    target);
}

void
runrefusal_explain(struct run *run, const struct error *err)
{
	char limit[QUANTITY_TEXT];

	switch (engine_refusal_find(err->text)) {
	case REFUSAL_USER:
		runrefusal_explain_user(run, err->text, "user", "/etc/passwd");
		break;
	case REFUSAL_GROUP:
		runrefusal_explain_user(run, err->text, "group", "/etc/group");
		break;
	case REFUSAL_NUMBER:
		runend_set_error(run, "%s numbers must be from 0 to 2147483647",
		    run->job.user != NULL ? "user:" : "the image's USER:");
		break;
	case REFUSAL_WORKDIR:
		runrefusal_explain_workdir(run);
		break;
	case REFUSAL_MOUNT:
		runrefusal_explain_mount(run, err);
		break;
	case REFUSAL_NETWORK:
		runend_set_error(run,
		    "network: the engine has no network '%s': use another one, or ask the operator",
		    run->job.network);
		break;
	case REFUSAL_MEMORY:
		runend_set_error(run, "memory: %s are too little to start the job",
		    quantity_format_bytes(run->job.memory, limit));
		break;
	default:
		runend_set_error(run, "%s", err->text);
	}
}
