#ifndef KABUTO_TESTS_SEAM_READDIR_H
#define KABUTO_TESTS_SEAM_READDIR_H
/*
 * A readdir(3) in place of the C library's, for the whole test program: it can behave as on a
 * filesystem that tells no types, and as on a disk that cannot be read.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

static struct {
	bool unknown; /* every type is DT_UNKNOWN */
	bool fails;   /* EIO, in place of the end */
} seam_readdir;

struct dirent *
readdir(DIR *stream)
{
	struct dirent *(*real)(DIR *) = NULL;
	struct dirent *entry;

	*(void **)&real = dlsym(RTLD_NEXT, "readdir");
	entry = real(stream);
	if (entry == NULL && seam_readdir.fails)
		errno = EIO;
	if (entry != NULL && seam_readdir.unknown)
		entry->d_type = DT_UNKNOWN;
	return entry;
}

#endif
