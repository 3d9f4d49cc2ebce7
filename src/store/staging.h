#ifndef KABUTO_STAGING_H
#define KABUTO_STAGING_H
/*
 * Where an upload is received before it moves into its place.
 */
#include <stdbool.h>

#include "error.h"
#include "secret.h"
#include "spool.h"

/* A folder below incoming/ that is ours while fd is open. */
struct staging {
	char name[NAME_TEXT];
	int fd; /* -1: none */
};

/* Makes a staging folder. On true the caller must call staging_discard. */
bool staging_open(struct staging *staging, struct spool *spool, struct error *err);
/* Removes what is left of it. It may never have been opened. */
void staging_discard(struct staging *staging, struct spool *spool);

#endif
