/*
 * A worse world, to be preloaded: calls of the C library fail now and then.
 *
 *	KABUTO_WORSE          "fsync=7,write=13": every 7th flush, every 13th write fails
 *	KABUTO_WORSE_FROM     a file: the world is worse as long as it exists
 *	KABUTO_WORSE_COUNTS   a file of KINDS 64-bit numbers, in the order of kinds: what has failed
 *	KABUTO_WORSE_SPARED   words between colons: files with one in their path are left alone
 *
 * Only in Kabuto's own programs; git and hg, which they start, live in the usual one. Their
 * standard error is left alone, and so is the memory of libraries that do without it badly: libfcgi
 * does not look what malloc gives, libarchive ends the process beneath its other threads.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS 20000000 /* between two looks for the file that makes the world worse */

enum kind { FSYNC, RENAME, WRITE, CONNECT, EINTERRUPTED, MALLOC, SHORT, KINDS };

static struct {
	const char *name;
	unsigned every; /* 0: none */
	atomic_uint calls;
} kinds[KINDS] = {
	[FSYNC] = { .name = "fsync" },
	[RENAME] = { .name = "rename" },
	[WRITE] = { .name = "write" },
	[CONNECT] = { .name = "connect" },
	[EINTERRUPTED] = { .name = "eintr" },
	[MALLOC] = { .name = "malloc" },
	[SHORT] = { .name = "short" },
};

static const char *from, *spared;
static _Atomic uint64_t *counts;
static atomic_long next_look_ns;
static atomic_bool worse;
static bool ours;

static void
read_kinds(const char *text)
{
	for (int i = 0; i < KINDS; i++) {
		char key[16];
		const char *found;

		snprintf(key, sizeof key, "%s=", kinds[i].name);
		found = strstr(text, key);
		if (found == NULL)
			continue;
		kinds[i].every = (unsigned)atoi(found + strlen(key));
		/* Else a start that comes to its n-th call would never come to its end. */
		atomic_init(&kinds[i].calls, (unsigned)getpid() * 2654435761u % kinds[i].every);
	}
}

static void __attribute__((constructor)) begin(void)
{
	const char *text = getenv("KABUTO_WORSE"), *path = getenv("KABUTO_WORSE_COUNTS");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);

	from = getenv("KABUTO_WORSE_FROM");
	spared = getenv("KABUTO_WORSE_SPARED");
	if (text == NULL || from == NULL || fd < 0 ||
	    (strcmp(program_invocation_short_name, "kabuto-spooler") != 0 &&
		strcmp(program_invocation_short_name, "kabuto.fcgi") != 0))
		return;
	counts = mmap(NULL, KINDS * sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	read_kinds(text);
	ours = counts != MAP_FAILED;
}

static bool
is_worse(void)
{
	struct timespec now;
	long ns;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	ns = now.tv_sec * 1000000000L + now.tv_nsec;
	if (ns >= atomic_load(&next_look_ns)) {
		int saved = errno;

		atomic_store(&next_look_ns, ns + LOOK_NS);
		atomic_store(&worse, access(from, F_OK) == 0);
		errno = saved;
	}
	return atomic_load(&worse);
}

/* Whether this call is the one to fail. */
static bool
fails(enum kind kind)
{
	if (!ours || kinds[kind].every == 0 || !is_worse() ||
	    atomic_fetch_add(&kinds[kind].calls, 1) % kinds[kind].every != kinds[kind].every - 1)
		return false;
	atomic_fetch_add(&counts[kind], 1);
	return true;
}

static bool
is_file(int fd)
{
	struct stat st;

	return fd > STDERR_FILENO && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static bool
is_spared(int fd)
{
	char link[32], path[4096], words[256], *rest = words, *word;
	ssize_t length;

	if (spared == NULL)
		return false;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof path - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	snprintf(words, sizeof words, "%s", spared);
	while ((word = strsep(&rest, ":")) != NULL)
		if (*word != '\0' && strstr(path, word) != NULL)
			return true;
	return false;
}

static bool
file_fails(enum kind kind, int fd)
{
	return ours && kinds[kind].every != 0 && is_file(fd) && !is_spared(fd) && fails(kind);
}

/* Files are not: Linux interrupts no call on them. */
static bool
interrupted(int fd)
{
	struct stat st;

	if (!ours || kinds[EINTERRUPTED].every == 0)
		return false;
	if (fd >= 0 && (fd <= STDERR_FILENO || fstat(fd, &st) < 0 || S_ISREG(st.st_mode)))
		return false;
	if (!fails(EINTERRUPTED))
		return false;
	errno = EINTR;
	return true;
}

/* Eventfds, inotify and the like know no half. */
static bool
has_halves(int fd)
{
	struct stat st;

	return fd > STDERR_FILENO && fstat(fd, &st) == 0 &&
	    (S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode));
}

/* How much of size bytes is done. */
static size_t
cut(int fd, size_t size)
{
	if (!ours || kinds[SHORT].every == 0 || size < 2 || !has_halves(fd) || is_spared(fd) ||
	    !fails(SHORT))
		return size;
	return 1 + (size_t)rand() % (size - 1);
}

#define HEAD_MOST 4096 /* bytes of what libcurl sends before a body */

#define REAL(name)                                                                                 \
	static __typeof__(name) *real;                                                             \
	if (real == NULL)                                                                          \
	real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define FAIL(number)                                                                               \
	do {                                                                                       \
		errno = (number);                                                                  \
		return -1;                                                                         \
	} while (0)

int
fsync(int fd)
{
	REAL(fsync);
	if (ours && !is_spared(fd) && fails(FSYNC))
		FAIL(EIO);
	return real(fd);
}

int
fdatasync(int fd)
{
	REAL(fdatasync);
	if (ours && !is_spared(fd) && fails(FSYNC))
		FAIL(EIO);
	return real(fd);
}

int
rename(const char *old, const char *new)
{
	REAL(rename);
	if (fails(RENAME))
		FAIL(EIO);
	return real(old, new);
}

int
renameat(int old_dir, const char *old, int new_dir, const char *new)
{
	REAL(renameat);
	if (fails(RENAME))
		FAIL(EIO);
	return real(old_dir, old, new_dir, new);
}

int
renameat2(int old_dir, const char *old, int new_dir, const char *new, unsigned flags)
{
	REAL(renameat2);
	if (fails(RENAME))
		FAIL(EIO);
	return real(old_dir, old, new_dir, new, flags);
}

ssize_t
write(int fd, const void *data, size_t size)
{
	REAL(write);
	if (file_fails(WRITE, fd))
		FAIL(ENOSPC);
	if (interrupted(fd))
		return -1;
	return real(fd, data, cut(fd, size));
}

ssize_t
pwrite(int fd, const void *data, size_t size, off_t at)
{
	REAL(pwrite);
	if (file_fails(WRITE, fd))
		FAIL(ENOSPC);
	if (interrupted(fd))
		return -1;
	return real(fd, data, cut(fd, size), at);
}

ssize_t
pwrite64(int fd, const void *data, size_t size, off64_t at)
{
	REAL(pwrite64);
	if (file_fails(WRITE, fd))
		FAIL(ENOSPC);
	if (interrupted(fd))
		return -1;
	return real(fd, data, cut(fd, size), at);
}

ssize_t
writev(int fd, const struct iovec *data, int count)
{
	REAL(writev);
	if (file_fails(WRITE, fd))
		FAIL(ENOSPC);
	return interrupted(fd) ? -1 : real(fd, data, count);
}

ssize_t
read(int fd, void *to, size_t size)
{
	REAL(read);
	return interrupted(fd) ? -1 : real(fd, to, cut(fd, size));
}

ssize_t
pread(int fd, void *to, size_t size, off_t at)
{
	REAL(pread);
	return interrupted(fd) ? -1 : real(fd, to, cut(fd, size), at);
}

ssize_t
pread64(int fd, void *to, size_t size, off64_t at)
{
	REAL(pread64);
	return interrupted(fd) ? -1 : real(fd, to, cut(fd, size), at);
}

ssize_t
send(int fd, const void *data, size_t size, int flags)
{
	REAL(send);
	if (interrupted(fd))
		return -1;
	/*
	 * Not the head of a call, which the kernel takes whole: libcurl (7.88) sends a chunked body
	 * wrong whose head went out in two.
	 */
	return real(fd, data, size <= HEAD_MOST ? size : cut(fd, size), flags);
}

ssize_t
recv(int fd, void *to, size_t size, int flags)
{
	REAL(recv);
	return interrupted(fd) ? -1 : real(fd, to, cut(fd, size), flags);
}

int
connect(int fd, const struct sockaddr *address, socklen_t length)
{
	REAL(connect);
	if (fails(CONNECT))
		FAIL(ECONNREFUSED);
	return real(fd, address, length);
}

int
accept(int fd, struct sockaddr *restrict address, socklen_t *restrict length)
{
	REAL(accept);
	return interrupted(fd) ? -1 : real(fd, address, length);
}

int
accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict length, int flags)
{
	REAL(accept4);
	return interrupted(fd) ? -1 : real(fd, address, length, flags);
}

int
poll(struct pollfd *fds, nfds_t count, int timeout)
{
	REAL(poll);
	return interrupted(-1) ? -1 : real(fds, count, timeout);
}

int
flock(int fd, int operation)
{
	REAL(flock);
	return (operation & LOCK_NB) == 0 && interrupted(fd) ? -1 : real(fd, operation);
}

/* Memory: glibc's own names, since dlsym allocates. */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static bool
no_memory(const void *caller)
{
	Dl_info where;

	if (!fails(MALLOC))
		return false;
	if (dladdr(caller, &where) != 0 &&
	    (strstr(where.dli_fname, "libfcgi") != NULL ||
		strstr(where.dli_fname, "libarchive") != NULL))
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return no_memory(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return no_memory(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *old, size_t size)
{
	return no_memory(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}
