#ifndef KABUTO_TAKE_H
#define KABUTO_TAKE_H
/*
 * Handing over what a variable with a cleanup attribute owns (cleanup.h).
 */
#include <stddef.h>

/*
 * Hands a descriptor over: returns it and leaves -1, so that the scope's end does not close it too.
 */
static inline int
take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* The same for memory and other pointers. */
static inline void *
take_pointer(void *pointer)
{
	void *taken = *(void **)pointer;

	*(void **)pointer = NULL;
	return taken;
}

#endif
