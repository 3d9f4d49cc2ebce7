/*
 * Reading passwords from files, after a check that no other user can read them.
 */
#include "secretfile.h"

#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

/* Of groups, only root's and this process's may read the file: they have no other members. */
static bool
secretfile_is_private(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) && (st->st_mode & S_IRWXO) == 0 &&
	    ((st->st_mode & S_IRWXG) == 0 || st->st_gid == 0 || st->st_gid == getegid());
}

bool
secretfile_read(const char *path, const char *setting, char secret[static SECRET_ROOM],
    struct error *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t length;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "open %s '%s'", setting, path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERROR_INPUT, "%s '%s' is not a file", setting, path);
	if (!secretfile_is_private(&st))
		return error_set(err, ERROR_INPUT,
		    "%s '%s' may be read by others: its owner must be root or the user of this program, and its mode 0600",
		    setting, path);
	length = read(fd, secret, SECRET_ROOM);
	if (length < 0)
		return error_errno(err, "read %s '%s'", setting, path);
	if (length == SECRET_ROOM)
		return error_set(err, ERROR_INPUT, "%s '%s' has more than %d bytes", setting, path,
		    SECRET_ROOM - 1);
	while (length > 0 && (secret[length - 1] == '\n' || secret[length - 1] == '\r'))
		length--;
	secret[length] = '\0';
	return (length > 0 && strlen(secret) == (size_t)length) ||
	    error_set(err, ERROR_INPUT, "%s '%s' contains no password", setting, path);
}

void
secretfile_wipe(char (*secret)[SECRET_ROOM])
{
	sodium_memzero(secret, sizeof *secret);
}
