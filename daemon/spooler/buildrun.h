#ifndef KABUTO_BUILDRUN_H
#define KABUTO_BUILDRUN_H
/*
 * Runs one build, from its claim to its end.
 */
#include "build.h"
#include "worker.h"

/*
 * Runs the build until it has ended or the spooler stops. The caller keeps build. If the engine is
 * away, the build waits and says so once in its output. An interrupted build starts again from its
 * stored context.
 */
void buildrun(struct worker *worker, const struct build *build);

#endif
