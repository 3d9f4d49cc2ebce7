#ifndef KABUTO_CLEANUP_H
#define KABUTO_CLEANUP_H
/*
 * Cleanup attributes: a variable that is declared with one frees or closes its value at the end of
 * its scope. Such a variable must be declared and initialised at the top of its function.
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

#endif
