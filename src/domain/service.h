#ifndef KABUTO_SERVICE_H
#define KABUTO_SERVICE_H
/*
 * The status that the spooler records: for /healthz, and to say why no job starts.
 */
#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "error.h"

struct service_status {
	bool known; /* a spooler has recorded its status */
	int64_t pid;
	int64_t seen_at;
	int64_t engine_away_since; /* 0: the engine answers */
	char engine_error[1024];
	char disk_error[1024]; /* empty: enough disk is free */
};

/* For the spooler: records that it runs, and what prevents it from starting jobs. Sets seen_at. */
bool service_record(struct database *db, const struct service_status *status, struct error *err);

bool service_read(struct database *db, struct service_status *status, struct error *err);

/* Whether jobs can start, by the status. ERROR_AWAY: they cannot; the text says why. */
bool service_check(const struct service_status *status, struct error *err);

/*
 * Reads the random word of this installation, which is in the names of our containers.
 */
#define INSTANCE_TEXT 16
bool service_instance(struct database *db, char instance[static INSTANCE_TEXT], struct error *err);

#endif
