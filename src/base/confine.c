/*
 * Confinement by Landlock and seccomp. Landlock's system calls are called by number, since glibc
 * has no functions for them. Its constants are repeated here, since the installed kernel headers
 * may be older than the kernel. libseccomp makes the filter for socket(2).
 */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "take.h"

/* The numbers are the same on every architecture. */
#define CALL_CREATE_RULESET 444
#define CALL_ADD_RULE       445
#define CALL_RESTRICT_SELF  446

#define CREATE_RULESET_VERSION 1u /* flag: only returns the version */
#define RULE_PATH_BENEATH      1
#define RULE_NET_PORT          2

#define FS_EXECUTE    (UINT64_C(1) << 0)
#define FS_WRITE_FILE (UINT64_C(1) << 1)
#define FS_READ_FILE  (UINT64_C(1) << 2)
#define FS_READ_DIR   (UINT64_C(1) << 3)
#define FS_MAKE_CHAR  (UINT64_C(1) << 6)
#define FS_MAKE_BLOCK (UINT64_C(1) << 11)
#define FS_TRUNCATE   (UINT64_C(1) << 14)
#define FS_IOCTL_DEV  (UINT64_C(1) << 15)
#define NET_BIND      (UINT64_C(1) << 0)
#define NET_CONNECT   (UINT64_C(1) << 1)
#define SCOPE_ALL     UINT64_C(3) /* abstract sockets, signals */

#define TYPE_MASK 0xfu /* bits of socket(2)'s type; the other bits are flags */

/* Linux 5.19. Under earlier versions a confined process could not move files to other folders. */
#define VERSION_LEAST    2
#define VERSION_TRUNCATE 3 /* 6.2 */
#define VERSION_NETWORK  4 /* 6.7 */
#define VERSION_IOCTL    5 /* 6.10 */
#define VERSION_SCOPE    6 /* 6.12 */

struct ruleset_attributes {
	uint64_t fs, net, scoped;
};

struct path_rule {
	uint64_t access;
	int32_t parent;
} __attribute__((packed));

struct port_rule {
	uint64_t access;
	uint64_t port;
};

static int
confine_version(void)
{
	long number = syscall(CALL_CREATE_RULESET, NULL, (size_t)0, CREATE_RULESET_VERSION);

	return number < VERSION_LEAST ? 0 : (int)number;
}

/* Returns all rights that this version of Landlock knows. */
static uint64_t
confine_fs_rights(int version)
{
	return version >= VERSION_IOCTL   ? (FS_IOCTL_DEV << 1) - 1
	    : version >= VERSION_TRUNCATE ? FS_IOCTL_DEV - 1
					  : FS_TRUNCATE - 1;
}

/*
 * Whether the filter works on this architecture. Some others pass the arguments of socket(2) in
 * memory, and a filter cannot read memory.
 */
static bool
confine_filter_supported(void)
{
	const uint32_t architecture = seccomp_arch_native();

	return architecture == SCMP_ARCH_X86_64 || architecture == SCMP_ARCH_AARCH64 ||
	    architecture == SCMP_ARCH_RISCV64 || architecture == SCMP_ARCH_PPC64LE;
}

/*
 * Allows TCP sockets only; without network, no sockets. Landlock does not govern Unix sockets (the
 * engine's is one, and our groups may open it) or UDP. Its rules for ports are for TCP only, and
 * not for MPTCP, SCTP and SMC. A filter compares all 64 bits of an argument, but the kernel reads
 * only 32: the filter refuses the socket if one of the other bits is set. Does not return 0 if it
 * failed.
 */
static int
confine_add_socket_rules(scmp_filter_ctx filter, bool network)
{
	const uint32_t no_family = SCMP_ACT_ERRNO(EAFNOSUPPORT);
	const uint32_t no_protocol = SCMP_ACT_ERRNO(EPROTONOSUPPORT);
	const int call = SCMP_SYS(socket);
	int failed = 0;

	if (!network)
		return seccomp_rule_add(filter, no_family, call, 0);
	for (unsigned family = 0; family <= AF_INET6; family++) {
		const struct scmp_arg_cmp same = SCMP_A0(SCMP_CMP_EQ, family);

		if (family != AF_INET && family != AF_INET6) {
			failed |= seccomp_rule_add(filter, no_family, call, 1, same);
			continue;
		}
		for (unsigned type = 0; type <= TYPE_MASK; type++)
			if (type != SOCK_STREAM)
				failed |= seccomp_rule_add(filter, no_protocol, call, 2, same,
				    SCMP_A1(SCMP_CMP_MASKED_EQ, TYPE_MASK, type));
		for (unsigned protocol = 1; protocol < IPPROTO_TCP; protocol++)
			failed |= seccomp_rule_add(filter, no_protocol, call, 2, same,
			    SCMP_A2(SCMP_CMP_EQ, protocol));
		failed |= seccomp_rule_add(filter, no_protocol, call, 2, same,
		    SCMP_A2(SCMP_CMP_GT, IPPROTO_TCP));
	}
	return failed |
	    seccomp_rule_add(filter, no_family, call, 1, SCMP_A0(SCMP_CMP_GT, AF_INET6));
}

/* Does not return 0 if it failed. */
static int
confine_add_rules(scmp_filter_ctx filter, bool network)
{
	const uint32_t no_call = SCMP_ACT_ERRNO(ENOSYS), no_option = SCMP_ACT_ERRNO(EOPNOTSUPP);
	const scmp_datum_t fast_open = MSG_FASTOPEN;
	int failed = confine_add_socket_rules(filter, network);

	/* Refuse x32 and i386: the same numbers mean other system calls there. */
	failed |= seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, no_call);
	/* These calls could make sockets that the filter does not see. */
	failed |= seccomp_rule_add(filter, no_call, SCMP_SYS(io_uring_setup), 0);
	failed |= seccomp_rule_add(filter, no_call, SCMP_SYS(socketcall), 0);
	/* TCP fast open connects without connect(2), so Landlock would not see it. */
	failed |= seccomp_rule_add(filter, no_option, SCMP_SYS(sendto), 1,
	    SCMP_A3(SCMP_CMP_MASKED_EQ, fast_open, fast_open));
	failed |= seccomp_rule_add(filter, no_option, SCMP_SYS(sendmsg), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, fast_open, fast_open));
	failed |= seccomp_rule_add(filter, no_option, SCMP_SYS(sendmmsg), 1,
	    SCMP_A3(SCMP_CMP_MASKED_EQ, fast_open, fast_open));
	return failed;
}

/*
 * The filters in the form that the kernel takes: one without and one with network. A process makes
 * them once, as early as possible: libseccomp 2.5 hangs or frees twice if memory runs out, and a
 * child must not allocate.
 */
static struct filter {
	struct sock_filter *code; /* NULL: making it failed */
	size_t size;              /* bytes */
} confine_filters[2];

static void
confine_keep_filter(struct filter *keep, scmp_filter_ctx filter)
{
	cleanup_close int fd = memfd_create("filter", MFD_CLOEXEC);
	cleanup_free struct sock_filter *code = NULL;
	struct stat st;

	if (fd < 0 || seccomp_export_bpf(filter, fd) != 0 || fstat(fd, &st) < 0)
		return;
	code = malloc((size_t)st.st_size);
	if (code != NULL && pread(fd, code, (size_t)st.st_size, 0) == st.st_size)
		*keep = (struct filter){ take_pointer(&code), (size_t)st.st_size };
}

static void
confine_make_filters(void)
{
	for (int network = 0; network < 2 && confine_filter_supported(); network++) {
		scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

		if (filter != NULL && confine_add_rules(filter, network) == 0)
			confine_keep_filter(&confine_filters[network], filter);
		seccomp_release(filter);
	}
}

bool
confine_init(struct error *err)
{
	static pthread_once_t made = PTHREAD_ONCE_INIT;

	pthread_once(&made, confine_make_filters);
	return !confine_filter_supported() ||
	    (confine_filters[0].code != NULL && confine_filters[1].code != NULL) ||
	    error_set(err, ERROR_SYSTEM, "libseccomp cannot make the filter of system calls");
}

static bool
confine_apply_filter(const struct confine *confine)
{
	const struct filter *filter = &confine_filters[confine->network];
	const struct sock_fprog program = {
		(unsigned short)(filter->size / sizeof(struct sock_filter)), filter->code
	};

	if (filter->code == NULL) {
		errno = EINVAL;
		return !confine_filter_supported();
	}
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 || errno == EINVAL;
}

static bool
confine_make(struct confine *confine, bool files, struct error *err)
{
	int known = confine_version();
	const struct ruleset_attributes attributes = {
		.fs = confine_fs_rights(known),
		.net = known >= VERSION_NETWORK && !files ? NET_BIND | NET_CONNECT : 0,
		.scoped = known >= VERSION_SCOPE && !files ? SCOPE_ALL : 0,
	};
	size_t size = known >= VERSION_SCOPE ? sizeof attributes
	    : known >= VERSION_NETWORK       ? offsetof(struct ruleset_attributes, scoped)
					     : offsetof(struct ruleset_attributes, net);

	*confine = (struct confine){ .ruleset = -1, .files = files };
	if (!files && !confine_init(err))
		return false;
	if (known == 0)
		return true;
	confine->ruleset = (int)syscall(CALL_CREATE_RULESET, &attributes, size, 0u);
	return confine->ruleset >= 0 || error_errno(err, "confine a program");
}

bool
confine_begin(struct confine *confine, struct error *err)
{
	return confine_make(confine, false, err);
}

bool
confine_begin_files(struct confine *confine, struct error *err)
{
	return confine_make(confine, true, err);
}

void
confine_end(struct confine *confine)
{
	if (confine->ruleset >= 0)
		(void)close(confine->ruleset);
	confine->ruleset = -1;
}

bool
confine_allow_path(struct confine *confine, const char *path, enum confine_access access,
    struct error *err)
{
	cleanup_close int fd = -1;
	struct path_rule rule = { .access = FS_READ_FILE | FS_READ_DIR };
	struct stat st;

	if (confine->ruleset < 0)
		return true;
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == EACCES || errno == ENOTDIR))
		return true;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "allow '%s'", path);
	if (access == CONFINE_EXECUTE)
		rule.access |= FS_EXECUTE;
	else if (access == CONFINE_WRITE)
		rule.access = confine_fs_rights(confine_version()) &
		    ~(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK);
	/* A rule for a file must not have rights that only folders have. */
	if (!S_ISDIR(st.st_mode))
		rule.access &= FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE |
		    (confine_fs_rights(confine_version()) & (FS_TRUNCATE | FS_IOCTL_DEV));
	rule.parent = fd;
	return syscall(CALL_ADD_RULE, confine->ruleset, RULE_PATH_BENEATH, &rule, 0u) == 0 ||
	    error_errno(err, "allow '%s'", path);
}

bool
confine_allow_port(struct confine *confine, uint16_t port, struct error *err)
{
	const struct port_rule rule = { NET_CONNECT, port };

	confine->network = true;
	if (confine->ruleset < 0 || confine_version() < VERSION_NETWORK)
		return true;
	return syscall(CALL_ADD_RULE, confine->ruleset, RULE_NET_PORT, &rule, 0u) == 0 ||
	    error_errno(err, "allow the port %u", (unsigned)port);
}

bool
confine_apply(const struct confine *confine)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return false;
	return (confine->files || confine_apply_filter(confine)) &&
	    (confine->ruleset < 0 || syscall(CALL_RESTRICT_SELF, confine->ruleset, 0u) == 0);
}

const char *
confine_missing(void)
{
	int known = confine_version();

	if (!confine_filter_supported())
		return "a filter of system calls for this architecture";
	/* EFAULT means that the kernel supports filters: it tried to read this one. */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) < 0 && errno == EINVAL)
		return "filters of system calls (CONFIG_SECCOMP_FILTER)";
	if (known == 0)
		return "Landlock (Linux 5.19, with landlock among its security modules)";
	if (known < VERSION_NETWORK)
		return "Landlock's rules for the network (Linux 6.7)";
	return NULL;
}
