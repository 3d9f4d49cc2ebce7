#ifndef KABUTO_SANDBOX_FOLDER_H
#define KABUTO_SANDBOX_FOLDER_H
/*
 * The folder of a sandbox, run/sandboxes/<slot>.<network>, which its container mounts. kabuto-init
 * publishes the network's files in it, and answers the spooler's requests (daemon/init/standby.c).
 */
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "spooler.h"

/* The files that the engine makes for a network. Each job gets copies, which it may change. */
#define SANDBOX_FILES 3
extern const struct sandbox_file {
	const char *name; /* the name in the attempt's folder */
	const char *target;
} sandbox_files[SANDBOX_FILES];

/* Writes the folder's name within run/sandboxes. network is "none" or "bridge". */
#define SANDBOX_FOLDER_NAME 32
void sandbox_folder_name(char name[static SANDBOX_FOLDER_NAME], int64_t slot, const char *network);

/*
 * Creates the folder anew, with the FIFOs. kabuto-init may write to it as any user in the
 * container.
 */
bool sandbox_folder_make(struct spooler *spooler, int64_t slot, const char *network,
    struct error *err);

/* Waits until kabuto-init has published the network's files. */
bool sandbox_folder_wait(struct spooler *spooler, int64_t slot, const char *network,
    struct error *err);

/* Copies the network's files into another folder. */
bool sandbox_folder_copy_files(struct spooler *spooler, int64_t slot, const char *network,
    int folder, struct error *err);

/* Asks kabuto-init whether the namespace is as it was at the start. False also without an answer.
 */
bool sandbox_folder_is_clean(struct spooler *spooler, int64_t slot, const char *network);

bool sandbox_folder_remove(struct spooler *spooler, int64_t slot, const char *network,
    struct error *err);

#endif
