#ifndef KABUTO_RUNREFUSAL_H
#define KABUTO_RUNREFUSAL_H
/*
 * Explains why the engine refused a job's container.
 */
#include "error.h"
#include "run.h"

/*
 * Sets the job's error from the engine's refusal. For what the job or its image asked for it names
 * the option and what to do; else it is the engine's message.
 */
void runrefusal_explain(struct run *run, const struct error *err);

#endif
