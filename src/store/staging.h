#ifndef KABUTO_STAGING_H
#define KABUTO_STAGING_H
/*
 * Staging folders: an upload is received in one before its files are published.
 */
#include <stdbool.h>

#include "error.h"
#include "secret.h"
#include "spool.h"

/* A folder below incoming/ that belongs to this process while fd is open. */
struct staging {
	char name[NAME_TEXT];
	int fd; /* -1: none */
};

/* Makes a staging folder. On true the caller must call staging_discard. */
bool staging_open(struct staging *staging, struct spool *spool, struct error *err);
/* Removes the folder with all that is left in it. If fd is -1, does nothing. */
void staging_discard(struct staging *staging, struct spool *spool);

#endif
