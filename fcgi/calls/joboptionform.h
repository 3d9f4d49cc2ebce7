#ifndef KABUTO_JOBOPTIONFORM_H
#define KABUTO_JOBOPTIONFORM_H
/*
 * A job's options as parameters of a call.
 */
#include "joboption.h"
#include "parameter.h"
#include "request.h"

/*
 * Makes a parameter of an option, for JOBOPTIONS: the types have the same names in both tables. A
 * command may come as a file: a script.
 */
#define JOBOPTIONFORM_PARAMETER(kind, word, from, to, words, ...)                                  \
	{ .name = #word,                                                                           \
		.type = PARAMETER_##kind,                                                          \
		.file = PARAMETER_##kind == PARAMETER_COMMAND,                                     \
		.least = (from),                                                                   \
		.most = (to),                                                                      \
		.choices = (words) },

/*
 * Sets the options, and the image, that were given in the job; the others stay. Then they are
 * resolved (joboption_resolve).
 */
bool joboptionform_read(const struct request *req, struct job *job, struct error *err);
/* The same, with a struct request as the context. */
bool joboptionform_apply(struct job *job, void *context, struct error *err);

#endif
