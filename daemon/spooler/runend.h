#ifndef KABUTO_RUNEND_H
#define KABUTO_RUNEND_H
/*
 * How an attempt ended, in words.
 */
#include "run.h"

/* Says why the job failed; only the first text counts, since it is the cause. */
void runend_set_error(struct run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* When its time is over, in ms since 1970. */
int64_t runend_deadline_ms(const struct run *run);

/* Sets the error from what is known of the end, the most telling cause first; none for exit code 0.
 */
void runend_explain(struct run *run);

/* Puts Kabuto's own lines at the end of the log, and closes it. */
bool runend_seal_log(struct run *run, struct error *err);

#endif
