#ifndef KABUTO_OUTCOME_H
#define KABUTO_OUTCOME_H
/*
 * What a job's end means for the exit code of run, rerun and wait.
 */
#include <jansson.h>
#include <stdbool.h>

/* Whether a job, as GET shows it, has ended. */
bool outcome_ended(const json_t *job);

/*
 * Whether nothing will happen to the job by itself: it is ready, and no build is going to queue it.
 * It was never submitted, or was taken out of the queue.
 */
bool outcome_idle(const json_t *job);

/*
 * Returns the exit code for a job that has ended or is idle: its own, EXIT_TIMED_OUT if it ran out
 * of time, EXIT_TROUBLE if it never ran or Kabuto failed it for a reason of its own.
 */
int outcome_code(const json_t *job);

/* Returns the job's error in words; NULL if it has none. It belongs to job. */
const char *outcome_error(const json_t *job);

#endif
