#ifndef KABUTO_RECOVER_H
#define KABUTO_RECOVER_H
/*
 * Rubbish: files and containers that a process left which died between making a thing and noting
 * it. Jobs themselves need nothing of this: jobrun goes on with them from what it finds.
 */
#include "spooler.h"

/*
 * Removes files without a row: of the spooler's own making those that are older than it, since what
 * it makes itself gets its row later; of the handlers' those that are older than an hour.
 */
void recover_files(struct worker *worker);

/*
 * Removes containers with our label of which no running attempt is. One that cannot be removed
 * stays until the next time. False where the engine is away.
 */
bool recover_containers(struct worker *worker, struct error *err);

#endif
