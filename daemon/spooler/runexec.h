#ifndef KABUTO_RUNEXEC_H
#define KABUTO_RUNEXEC_H
/*
 * Explains why a job's program, or a program of its shell line, could not be started.
 */
#include <stddef.h>

#include "usage.h"

/*
 * Writes the explanation to text (size bytes), from kabuto-init's diagnosis, or else from execve's
 * errno. program is what was to be started. Writes an empty text if there is nothing to explain.
 */
void runexec_explain(char *text, size_t size, const struct usage *usage, const char *program);

#endif
