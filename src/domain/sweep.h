#ifndef KABUTO_SWEEP_H
#define KABUTO_SWEEP_H
/*
 * What the spooler's last sweep did. The spooler counts while it sweeps, and writes the row at the
 * end; kabutoctl status shows it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "error.h"

struct sweep {
	int64_t started_at; /* ms since 1970 */
	int64_t finished_at;
	/* What was removed, and its size in bytes. */
	int64_t files, file_bytes;
	int64_t containers;
	int64_t images, image_bytes;
	int64_t errors;   /* how often something could not be looked up or removed */
	char error[1024]; /* the first error, UTF-8; empty: there was none */
};

/* Counts an error. Keeps its text if it is the first. */
void sweep_add_error(struct sweep *sweep, const char *text);

/* Writes the sweep in place of the former one. */
bool sweep_write(struct database *db, const struct sweep *sweep, struct error *err);

/* Reads the last sweep. started_at is 0 if none has ended yet. */
bool sweep_read(struct database *db, struct sweep *sweep, struct error *err);

#endif
