#ifndef KABUTO_RECOVER_H
#define KABUTO_RECOVER_H
/*
 * Rubbish: files and containers that a process left which died between making a thing and noting
 * it. Jobs themselves need nothing of this: jobrun goes on with them from what it finds.
 */
#include "spooler.h"

/*
 * Removes files without a row. at_start, with nothing running yet, also those of the spooler's own
 * that are young; later only what is older than an hour, as the row of a younger one may be on its
 * way.
 */
void recover_files(struct worker *worker, bool at_start);

/*
 * Removes containers with our label of which no running attempt is. False where the engine is away.
 */
bool recover_containers(struct worker *worker, struct error *err);

#endif
