#ifndef KABUTO_SWEEP_H
#define KABUTO_SWEEP_H
/*
 * The result of the spooler's last sweep. The spooler counts while it sweeps, and writes the row at
 * the end; kabutoctl status shows it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "error.h"

struct sweep {
	int64_t started_at; /* ms since 1970 */
	int64_t finished_at;
	/* How many were removed, and their sizes in bytes. */
	int64_t files, file_bytes;
	int64_t containers;
	int64_t images, image_bytes;
	int64_t errors;   /* how often a check or a removal failed */
	char error[1024]; /* the first error, UTF-8; empty: there was none */
};

/* Counts an error. Keeps its text if it is the first. */
void sweep_add_error(struct sweep *sweep, const char *text);

/* Writes the sweep. It replaces the former one. */
bool sweep_write(struct database *db, const struct sweep *sweep, struct error *err);

/* Reads the last sweep. started_at is 0 if none has ended yet. */
bool sweep_read(struct database *db, struct sweep *sweep, struct error *err);

#endif
