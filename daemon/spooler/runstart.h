#ifndef KABUTO_RUNSTART_H
#define KABUTO_RUNSTART_H
/*
 * The steps up to the start of a job's container.
 */
#include "error.h"
#include "run.h"
#include "runstep.h"

/* Makes the attempt's folder and log, and joins a sandbox. */
enum outcome runstart_prepare(struct run *run, struct error *err);

/* Creates the container. Pulls the image if the engine has it no more. */
enum outcome runstart_create(struct run *run, struct error *err);

/* Records in the row that the creation was answered and the start follows. */
enum outcome runstart_mark(struct run *run, struct error *err);

/* Starts the container. */
enum outcome runstart_start(struct run *run, struct error *err);

/* Ends the run's turn among the starts. */
void runstart_end(struct run *run);

/*
 * Removes the container and prepares the attempt again: no start of the container was requested, or
 * the job never began. Deletes the mark first: so a spooler that finds no container knows that the
 * engine did not lose it.
 */
enum outcome runstart_begin_anew(struct run *run, struct error *err);

#endif
