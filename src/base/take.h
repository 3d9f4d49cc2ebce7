#ifndef KABUTO_TAKE_H
#define KABUTO_TAKE_H
/*
 * Takes a value out of a variable that has a cleanup attribute (cleanup.h): the caller owns it
 * then.
 */
#include <stddef.h>

/*
 * Returns the descriptor and sets the variable to -1, so that the end of the scope does not close
 * it.
 */
static inline int
take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* The same for a pointer: sets the variable to NULL. */
static inline void *
take_pointer(void *pointer)
{
	void *taken = *(void **)pointer;

	*(void **)pointer = NULL;
	return taken;
}

#endif
