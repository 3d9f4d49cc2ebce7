/*
 * Landlock by its system calls, since glibc has no functions for them; and a filter for socket(2).
 * Landlock's constants are given here as the kernel's headers have them, which may be older than
 * the kernel.
 */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

/* The numbers are the same on every architecture. */
#define CALL_CREATE_RULESET 444
#define CALL_ADD_RULE       445
#define CALL_RESTRICT_SELF  446

#define CREATE_RULESET_VERSION 1u /* flag: asks for the version alone */
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

/* Linux 5.19; before it no file could be moved to another folder. */
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
version(void)
{
	long number = syscall(CALL_CREATE_RULESET, NULL, (size_t)0, CREATE_RULESET_VERSION);

	return number < VERSION_LEAST ? 0 : (int)number;
}

/* All rights that this version knows. */
static uint64_t
fs_rights(int version)
{
	return version >= VERSION_IOCTL   ? (FS_IOCTL_DEV << 1) - 1
	    : version >= VERSION_TRUNCATE ? FS_IOCTL_DEV - 1
					  : FS_TRUNCATE - 1;
}

static bool
begin(struct confine *confine, bool files, struct error *err)
{
	int known = version();
	const struct ruleset_attributes attributes = {
		.fs = fs_rights(known),
		.net = known >= VERSION_NETWORK && !files ? NET_BIND | NET_CONNECT : 0,
		.scoped = known >= VERSION_SCOPE && !files ? SCOPE_ALL : 0,
	};
	size_t size = known >= VERSION_SCOPE ? sizeof attributes
	    : known >= VERSION_NETWORK       ? offsetof(struct ruleset_attributes, scoped)
					     : offsetof(struct ruleset_attributes, net);

	*confine = (struct confine){ .ruleset = -1, .files = files };
	if (known == 0)
		return true;
	confine->ruleset = (int)syscall(CALL_CREATE_RULESET, &attributes, size, 0u);
	return confine->ruleset >= 0 || error_errno(err, "confine a program");
}

bool
confine_begin(struct confine *confine, struct error *err)
{
	return begin(confine, false, err);
}

bool
confine_begin_files(struct confine *confine, struct error *err)
{
	return begin(confine, true, err);
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
		rule.access = fs_rights(version()) & ~(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK);
	/* A rule of a file must not have rights of folders. */
	if (!S_ISDIR(st.st_mode))
		rule.access &= FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE |
		    (fs_rights(version()) & (FS_TRUNCATE | FS_IOCTL_DEV));
	rule.parent = fd;
	return syscall(CALL_ADD_RULE, confine->ruleset, RULE_PATH_BENEATH, &rule, 0u) == 0 ||
	    error_errno(err, "allow '%s'", path);
}

bool
confine_allow_port(struct confine *confine, uint16_t port, struct error *err)
{
	const struct port_rule rule = { NET_CONNECT, port };

	confine->network = true;
	if (confine->ruleset < 0 || version() < VERSION_NETWORK)
		return true;
	return syscall(CALL_ADD_RULE, confine->ruleset, RULE_NET_PORT, &rule, 0u) == 0 ||
	    error_errno(err, "allow the port %u", (unsigned)port);
}

/* The filter reads the number of a system call, which has a meaning only within its architecture.
 */
#if defined __x86_64__ && !defined __ILP32__
#define FILTER_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__ && !defined __ILP32__
#define FILTER_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined __riscv && __riscv_xlen == 64
#define FILTER_ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined __powerpc64__ && defined __LITTLE_ENDIAN__
#define FILTER_ARCHITECTURE AUDIT_ARCH_PPC64LE
#endif

#ifdef FILTER_ARCHITECTURE
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* The low half of an argument: all of these architectures are little-endian. */
#define LOAD_ARGUMENT(number)                                                                      \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[number]))
#define IF_EQUAL(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise)
#define REFUSE(number)                   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (number))
#define ALLOW                            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
/* TCP's fast open connects without connect(2), and so past Landlock. */
#define NO_FAST_OPEN(call, flags)                                                                  \
	IF_EQUAL(call, 0, 4), LOAD_ARGUMENT(flags),                                                \
	    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MSG_FASTOPEN, 0, 1), REFUSE(EOPNOTSUPP), ALLOW
#define X32_BIT   0x40000000u /* of a number: x86-64's other set of calls */
#define TYPE_MASK 0xfu        /* of a socket's type; the rest are flags */

/*
 * Sockets of TCP or none: Landlock does not govern those of the file system (the engine's is one,
 * and our groups may open it) and of UDP. io_uring could make them behind the filter's back.
 */
static bool
filter_sockets(bool network)
{
	struct sock_filter program[] = {
		LOAD(arch),
		IF_EQUAL(FILTER_ARCHITECTURE, 1, 0),
		REFUSE(ENOSYS),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1),
		REFUSE(ENOSYS),
		IF_EQUAL(__NR_io_uring_setup, 0, 1),
		REFUSE(ENOSYS),
		NO_FAST_OPEN(__NR_sendto, 3),
		NO_FAST_OPEN(__NR_sendmsg, 2),
		NO_FAST_OPEN(__NR_sendmmsg, 3),
		IF_EQUAL(__NR_socket, 1, 0),
		ALLOW,
		LOAD_ARGUMENT(0),
		IF_EQUAL(network ? AF_INET : UINT32_MAX, 2, 0),
		IF_EQUAL(network ? AF_INET6 : UINT32_MAX, 1, 0),
		REFUSE(EAFNOSUPPORT),
		LOAD_ARGUMENT(1),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TYPE_MASK),
		IF_EQUAL(SOCK_STREAM, 0, 3),
		LOAD_ARGUMENT(2), /* not MPTCP, SCTP, SMC: Landlock's rules are of TCP alone */
		IF_EQUAL(0, 2, 0),
		IF_EQUAL(IPPROTO_TCP, 1, 0),
		REFUSE(EPROTONOSUPPORT),
		ALLOW,
	};
	const struct sock_fprog filter = { sizeof program / sizeof program[0], program };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0 || errno == EINVAL;
}
#else
static bool
filter_sockets(bool network)
{
	(void)network;
	return true;
}
#endif

bool
confine_apply(const struct confine *confine)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return false;
	return (confine->files || filter_sockets(confine->network)) &&
	    (confine->ruleset < 0 || syscall(CALL_RESTRICT_SELF, confine->ruleset, 0u) == 0);
}

const char *
confine_missing(void)
{
	int known = version();

#ifndef FILTER_ARCHITECTURE
	return "a filter of system calls for this architecture";
#endif
	/* EFAULT: the kernel has filters, and looks for this one. */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) < 0 && errno == EINVAL)
		return "filters of system calls (CONFIG_SECCOMP_FILTER)";
	if (known == 0)
		return "Landlock (Linux 5.19, with landlock among its security modules)";
	if (known < VERSION_NETWORK)
		return "Landlock's rules for the network (Linux 6.7)";
	return NULL;
}
