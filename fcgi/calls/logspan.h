#ifndef KABUTO_LOGSPAN_H
#define KABUTO_LOGSPAN_H
/*
 * The log of a job's run: the logs of its attempts since it was submitted, one after the other. So
 * a client that follows it by ids continues into a retry.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "job.h"
#include "joblog.h"

struct logspan {
	int64_t job;
	int64_t first, last; /* attempts */
	bool ended;          /* no more lines can come */
};

/*
 * Finds the attempts of a job's row. The log must be read after the row: then it is complete if the
 * row says that the job has ended.
 */
struct logspan logspan_of(const struct job *job);

/* ERROR_GONE: retention has removed the logs of this job, which has ended. */
bool logspan_check_kept(const struct job *job, struct error *err);

/* Returns how many bytes of text the span's logs have; limit is log_limit. */
int64_t logspan_size(const struct logspan *span, int logs, int64_t limit);

/* Gets one line; its id counts from the span's begin. Sets *enough to end the reading. */
typedef bool logspan_visit(const struct joblog_line *line, void *context, bool *enough,
    struct error *err);

/*
 * Calls visit for each line after the id `after`. tail: if not -1, for the last `tail` lines of the
 * last attempt instead. logs is the folder's descriptor.
 */
bool logspan_each(const struct logspan *span, int logs, int64_t limit, int64_t after, int64_t tail,
    logspan_visit *visit, void *context, struct error *err);

/* Returns a line as a JSON object, which the caller frees. NULL: err is set. */
json_t *logspan_line_json(int64_t job, const struct joblog_line *line, struct error *err);

#endif
