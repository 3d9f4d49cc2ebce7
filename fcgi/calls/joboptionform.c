/*
 * Reading a job's options from a call.
 */
#include "joboptionform.h"

#include <stdlib.h>
#include <string.h>

/* Sets *to to a copy of the parameter, or to NULL if it is empty. *to stays if it was not given. */
static bool
joboptionform_copy_text(const struct request *req, const char *name, char **to, struct error *err)
{
	const char *text = request_text(req, name);

	if (text == NULL)
		return true;
	free(*to);
	*to = text[0] == '\0' ? NULL : strdup(text);
	return *to != NULL || text[0] == '\0' ||
	    error_set(err, ERROR_SYSTEM, "read the options: not enough memory");
}

static bool
joboptionform_read_option(const struct request *req, const struct joboption *option,
    struct job *job, struct error *err)
{
	switch (option->type) {
	case JOBOPTION_NUMBER:
	case JOBOPTION_BYTES:
		*joboption_number(option, job) =
		    request_number(req, option->name, *joboption_number(option, job));
		return true;
	case JOBOPTION_DECIMAL:
		*joboption_decimal(option, job) =
		    request_decimal(req, option->name, *joboption_decimal(option, job));
		return true;
	case JOBOPTION_PAIRS:
		return request_pairs(req, option->name, joboption_text(option, job), err);
	default:
		return joboptionform_copy_text(req, option->name, joboption_text(option, job), err);
	}
}

bool
joboptionform_read(const struct request *req, struct job *job, struct error *err)
{
	for (size_t i = 0; i < JOBOPTION_COUNT; i++)
		if (!joboptionform_read_option(req, &joboptions[i], job, err))
			return false;
	job->image = request_number(req, "image_id", job->image);
	return joboption_resolve(job, req->config, err);
}

bool
joboptionform_apply(struct job *job, void *context, struct error *err)
{
	return joboptionform_read(context, job, err);
}
