/*
 * The beginning of each program.
 */
#include "program.h"

#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "message.h"
#include "secret.h"

/* One descriptor for each folder of a deep tree, each thread and each connection. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

bool
program_set_up(struct config *config, const char *path, struct error *err)
{
	umask(0007); /* what one of our two users makes, the other may use, and nobody else */
	/* libarchive converts file names by the locale; numbers stay as C writes them. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	raise_descriptor_limit();
	mallopt(M_ARENA_MAX, 2); /* many threads, little memory: most of them wait */
	return secret_init(err) && config_read(config, path, err);
}

bool
program_start(struct config *config, const char *path)
{
	struct error err;

	if (program_set_up(config, path, &err))
		return true;
	log_write(LOG_ERROR, "%s", err.text);
	return false;
}

void
program_checked(const char *path)
{
	printf("%s: ok\n", path);
}
