#ifndef KABUTO_REASON_H
#define KABUTO_REASON_H
/*
 * Says in words why a job waits or failed, and what to do.
 */
#include <jansson.h>
#include <stdbool.h>

struct reason {
	char text[1280]; /* one sentence or two */
	char next[512];  /* what to do, with a command of kabuto; "" if there is nothing to do */
	bool look;       /* the end of the job's log probably says more */
	bool log_only;   /* next says no more than that */
};

/* job: the server's object. The texts may contain control characters of the job's own texts. */
void reason_explain(const json_t *job, struct reason *reason);

#endif
