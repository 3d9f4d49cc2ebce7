#ifndef KABUTO_ENGINE_REFUSAL_H
#define KABUTO_ENGINE_REFUSAL_H
/*
 * What the engine's messages say about a container that can never start.
 */

enum engine_refusal {
	REFUSAL_NONE,   /* unknown: a later try may succeed */
	REFUSAL_USER,   /* the image has no user of that name */
	REFUSAL_GROUP,  /* the image has no group of that name */
	REFUSAL_NUMBER, /* the number of the user or group is too large */
	REFUSAL_MOUNT,  /* a file of the image is where a folder is to be mounted, or the reverse */
	REFUSAL_WORKDIR, /* the working directory cannot be made or entered */
	REFUSAL_NETWORK, /* the engine has no such network */
	REFUSAL_MEMORY   /* the memory limit is too low to start anything */
};

/*
 * Returns what a message about a creation or a start means. The engine answers HTTP 500 for many
 * refusals that depend on the container alone, so only the words tell them from its own failures.
 */
enum engine_refusal engine_refusal_find(const char *message);

#endif
