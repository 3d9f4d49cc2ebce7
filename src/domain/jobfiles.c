/*
 * Removes the files of a job from the state directory.
 */
#include "jobfiles.h"

#include "joblog.h"

static bool
jobfiles_remove_log(const struct spool *spool, int64_t job, int64_t attempt, const char *suffix,
    bool *kept, struct error *err)
{
	char name[JOBLOG_NAME];

	return spool_remove(spool, spool->logs, joblog_name(name, job, attempt, suffix), kept, err);
}

bool
jobfiles_remove_logs(const struct spool *spool, int64_t job, int64_t attempts, bool *kept,
    struct error *err)
{
	*kept = false;
	for (int64_t attempt = 1; attempt <= attempts; attempt++)
		for (size_t i = 0; i < JOBLOG_FILES && !*kept; i++)
			if (!jobfiles_remove_log(spool, job, attempt, joblog_suffixes[i], kept,
				err))
				return false;
	return true;
}

static bool
jobfiles_remove_result(const struct spool *spool, const char *token, const char *suffix, bool *kept,
    struct error *err)
{
	char name[SPOOL_RESULTS_NAME];

	return spool_remove(spool, spool->results, spool_results_name(name, token, suffix), kept,
	    err);
}

bool
jobfiles_remove_results(const struct spool *spool, const char *token, bool *kept, struct error *err)
{
	*kept = false;
	return token[0] == '\0' ||
	    (jobfiles_remove_result(spool, token, "zip", kept, err) &&
		(*kept || jobfiles_remove_result(spool, token, "list", kept, err)));
}
