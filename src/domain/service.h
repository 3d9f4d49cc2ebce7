#ifndef KABUTO_SERVICE_H
#define KABUTO_SERVICE_H
/*
 * What the spooler says of itself, for /healthz and for whoever asks why nothing starts.
 */
#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "error.h"

struct service_status {
	bool known; /* a spooler has run here */
	int64_t pid;
	int64_t seen_at;
	int64_t engine_away_since; /* 0: the engine answers */
	char engine_error[1024];
	char disk_error[1024]; /* empty: there is room */
};

/* The spooler's: notes that it lives, and what keeps it from starting jobs. seen_at is set here. */
bool service_record(struct database *db, const struct service_status *status, struct error *err);

bool service_read(struct database *db, struct service_status *status, struct error *err);

/* Whether jobs can start by what the spooler says: ERROR_AWAY tells what is wrong. */
bool service_check(const struct service_status *status, struct error *err);

/*
 * The random word of this installation, which stands in our containers' names: at least 16 bytes of
 * room.
 */
#define INSTANCE_TEXT 16
bool service_instance(struct database *db, char instance[static INSTANCE_TEXT], struct error *err);

#endif
