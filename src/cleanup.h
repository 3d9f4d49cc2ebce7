#ifndef KABUTO_CLEANUP_H
#define KABUTO_CLEANUP_H
/*
 * Scope-bound ownership: a variable declared with one of these attributes gives back what it holds
 * when it goes out of scope. Each is declared and initialised at the top of its function.
 */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup_free  __attribute__((cleanup(cleanup_free_)))
#define cleanup_close __attribute__((cleanup(cleanup_close_)))
#define cleanup_dir   __attribute__((cleanup(cleanup_dir_)))
#define cleanup_file  __attribute__((cleanup(cleanup_file_)))
#define cleanup_json  __attribute__((cleanup(cleanup_json_)))

static inline void
cleanup_free_(void *pointer)
{
	free(*(void **)pointer);
}

static inline void
cleanup_close_(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void
cleanup_dir_(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir);
}

static inline void
cleanup_file_(FILE **file)
{
	if (*file != NULL)
		(void)fclose(*file);
}

static inline void
cleanup_json_(json_t **json)
{
	json_decref(*json);
}

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
