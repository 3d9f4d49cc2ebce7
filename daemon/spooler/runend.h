#ifndef KABUTO_RUNEND_H
#define KABUTO_RUNEND_H
/*
 * Explains how an attempt ended.
 */
#include "run.h"

/* Sets the job's error. Only the first text is kept, because it is the cause. */
void runend_set_error(struct run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Returns the attempt's deadline, in ms since 1970. */
int64_t runend_deadline_ms(const struct run *run);

/* Sets the error from the known facts, the most specific cause first. Sets none for exit code 0. */
void runend_explain(struct run *run);

/* Appends Kabuto's own lines to the log and closes it. */
bool runend_seal_log(struct run *run, struct error *err);

#endif
