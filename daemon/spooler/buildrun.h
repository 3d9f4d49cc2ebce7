#ifndef KABUTO_BUILDRUN_H
#define KABUTO_BUILDRUN_H
/*
 * One build, from its claim to its end.
 */
#include "build.h"
#include "worker.h"

/*
 * Builds what build says (which stays the caller's) until it has ended, or the spooler stops. An
 * engine that is away is waited for, with a word in the output; a build that was cut off begins
 * again from its stored context.
 */
void buildrun(struct worker *worker, const struct build *build);

#endif
