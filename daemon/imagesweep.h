#ifndef KABUTO_IMAGESWEEP_H
#define KABUTO_IMAGESWEEP_H
/*
 * Images in the engine that no row needs any more. Only those with our label are looked at.
 */
#include "recover.h"

/* False where the engine is away or the database cannot be read. */
bool imagesweep(struct worker *worker, struct sweep *sweep, struct error *err);

#endif
