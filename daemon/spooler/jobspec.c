/*
 * Builds the container of a job from the job's row and the image's row.
 */
#include "jobspec.h"

#include <stdio.h>
#include <string.h>

#include "attachment.h"
#include "cleanup.h"
#include "engine_container.h"
#include "imagename.h"
#include "joblog.h"
#include "mount.h"
#include "sandbox.h"
#include "take.h"
#include "worker.h"

const char *
jobspec_container(char name[static CONTAINER_NAME], const char *instance, int64_t job,
    int64_t attempt)
{
	snprintf(name, CONTAINER_NAME, "kabuto-%s-job-%lld-%lld", instance, (long long)job,
	    (long long)attempt);
	return name;
}

/* Mounts the files of the job and of kabuto-init. The engine sees only our state directory. */
static bool
jobspec_add_mounts(struct container_spec *spec, struct worker *worker, const struct job *job,
    const char *folder, bool joined, struct error *err)
{
	const struct config *config = worker->config;
	struct attachments files = { 0 };
	char name[JOBLOG_NAME];
	bool any;

	if (!attachment_list(&worker->db, job->id, &files, err))
		return false;
	any = files.count > 0;
	attachment_clear(&files);
	mount_add(spec, config, MOUNT_INIT, true, "bin/kabuto-init");
	mount_add(spec, config, "/run/kabuto/log", false, "logs/%s",
	    joblog_name(name, job->id, job->attempt, "log"));
	mount_add(spec, config, "/run/kabuto/idx", false, "logs/%s",
	    joblog_name(name, job->id, job->attempt, "idx"));
	mount_add(spec, config, "/run/kabuto/samples", false, "logs/%s",
	    joblog_name(name, job->id, job->attempt, JOBLOG_USAGE));
	mount_add(spec, config, "/run/kabuto/usage", false, "run/%s/usage", folder);
	mount_add(spec, config, "/outbox", false, "run/%s/outbox", folder);
	if (any)
		mount_add(spec, config, "/inbox", true, "inbox/%s", job->attachment_token);
	else
		mount_add(spec, config, "/inbox", true, "run/%s/inbox", folder);
	/* The sandbox's own files would be shared with earlier and later jobs. */
	for (size_t i = 0; joined && i < SANDBOX_FILES; i++)
		mount_add(spec, config, sandbox_files[i].target, false, "run/%s/%s", folder,
		    sandbox_files[i].name);
	return true;
}

/*
 * Parses an array of strings; both callers' texts were checked before. NULL gives an empty array.
 */
static json_t *
jobspec_array_of(const char *text)
{
	return text == NULL ? json_array() : json_loads(text, 0, NULL);
}

/* Whether the command is a JSON array of strings (1) or a shell line (0); -1: not enough memory. */
static int
jobspec_is_array(const char *command)
{
	cleanup_json json_t *json = NULL;
	json_error_t why;
	json_t *item;
	size_t i;

	if (command[0] != '[')
		return 0;
	json = json_loads(command, 0, &why);
	if (json == NULL)
		return json_error_code(&why) == json_error_out_of_memory ? -1 : 0;
	if (!json_is_array(json) || json_array_size(json) == 0)
		return 0;
	json_array_foreach (json, i, item)
		if (!json_is_string(item))
			return 0;
	return 1;
}

json_t *
jobspec_arguments(const struct job *job, const struct image_run *image)
{
	cleanup_json json_t *rest = NULL, *arguments = NULL;
	int array = job->command == NULL ? 1 : jobspec_is_array(job->command);

	if (array == 0)
		return json_pack("[s, s, s]", "/bin/sh", "-c", job->command);
	arguments = jobspec_array_of(image->entrypoint);
	rest = jobspec_array_of(job->command != NULL ? job->command : image->cmd);
	if (array < 0 || json_array_extend(arguments, rest) < 0)
		return NULL;
	return take_pointer(&arguments);
}

static json_t *
jobspec_labels_of(const struct worker *worker, const struct job *job)
{
	char id[24], attempt[24];

	snprintf(id, sizeof id, "%lld", (long long)job->id);
	snprintf(attempt, sizeof attempt, "%lld", (long long)job->attempt);
	/* The empty label overrides a label of that name that the image may have. */
	return json_pack("{s:s, s:s, s:s, s:s}", "kabuto.instance", worker->spooler->instance,
	    "kabuto.job", id, "kabuto.attempt", attempt, SANDBOX_LABEL, "");
}

bool
jobspec_create(struct worker *worker, const struct job *job, const struct image_run *image,
    const char *container, const char *folder, const char *sandbox, char id[static CONTAINER_ID],
    struct error *err)
{
	const struct config *config = worker->config;
	cleanup_json json_t *arguments = jobspec_arguments(job, image);
	cleanup_json json_t *env = job->env != NULL ? json_loads(job->env, 0, NULL) : NULL;
	cleanup_json json_t *labels = jobspec_labels_of(worker, job);
	cleanup_json json_t *init = NULL;
	char limit[24], grace[24], joined[CONTAINER_NAME + 16];
	struct imagename name;
	struct container_spec spec = { .image = name.local,
		.command = arguments,
		.env = env,
		.labels = labels,
		.workdir = job->workdir,
		.user = job->user,
		.runtime = config->engine.runtime,
		.network = sandbox != NULL ? joined : job->network,
		.hostname = SANDBOX_HOSTNAME,
		.cgroup_parent = config->engine.cgroup_parent,
		.memory = job->memory,
		.cpus = job->cpus,
		.pids = job->pids,
		.capabilities = config->job.capabilities.texts,
		.capability_count = config->job.capabilities.count };

	if (arguments == NULL || labels == NULL || (job->env != NULL && env == NULL))
		return error_set(err, ERROR_SYSTEM, "create the container: not enough memory");
	if (json_array_size(arguments) == 0)
		return error_set(err, ERROR_INPUT,
		    "the image has neither ENTRYPOINT nor CMD: give the job a command");
	imagename_make(&name, config, worker->spooler->instance, image->image, image->build,
	    image->tag_secret);
	snprintf(joined, sizeof joined, "container:%s", sandbox != NULL ? sandbox : "");
	snprintf(limit, sizeof limit, "%lld", (long long)config->log_limit);
	snprintf(grace, sizeof grace, "%lld", (long long)job->grace);
	init = json_pack("[s, s*, s, s, s, s, s]", MOUNT_INIT,
	    strcmp(job->stderr, JOBOPTION_STDOUT) == 0 ? "-o" : NULL, "-l", limit, "-g", grace,
	    "--");
	spec.entrypoint = init;
	return jobspec_add_mounts(&spec, worker, job, folder, sandbox != NULL, err) &&
	    engine_container_create(&worker->engine, container, &spec, id, err);
}
