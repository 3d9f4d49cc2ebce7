/*
 * Resolves a host, checks its addresses, and connects to them.
 */
#include "addressfilter.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "take.h"

/*
 * The IPv4 networks that are not globally reachable:
 * https://www.iana.org/assignments/iana-ipv4-special-registry
 */
static const struct {
	uint32_t network;
	int bits;
} special_v4[] = {
	{ 0x00000000, 8 },  /* this network */
	{ 0x0a000000, 8 },  /* private use */
	{ 0x64400000, 10 }, /* carriers' shared addresses */
	{ 0x7f000000, 8 },  /* loopback */
	{ 0xa9fe0000, 16 }, /* link local; cloud providers serve secrets here */
	{ 0xac100000, 12 }, /* private use */
	{ 0xc0000000, 24 }, /* protocol assignments */
	{ 0xc0000200, 24 }, /* documentation */
	{ 0xc0586300, 24 }, /* 6to4 relays, withdrawn */
	{ 0xc0a80000, 16 }, /* private use */
	{ 0xc6120000, 15 }, /* benchmarks */
	{ 0xc6336400, 24 }, /* documentation */
	{ 0xcb007100, 24 }, /* documentation */
	{ 0xe0000000, 3 },  /* multicast, reserved, broadcast */
};

/*
 * IPv6 addresses outside 2000::/3 are not globally reachable, and neither are these networks inside
 * it: https://www.iana.org/assignments/iana-ipv6-special-registry
 */
static const struct {
	unsigned char network[4];
	int bits;
} special_v6[] = {
	{ { 0x20, 0x01, 0x00, 0x00 }, 23 }, /* protocol assignments; Teredo */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
	{ { 0x3f, 0xff, 0x00, 0x00 }, 20 }, /* documentation */
};

static bool
addressfilter_is_public_v4(uint32_t address)
{
	for (size_t i = 0; i < sizeof special_v4 / sizeof special_v4[0]; i++)
		if ((address ^ special_v4[i].network) >> (32 - special_v4[i].bits) == 0)
			return false;
	return true;
}

/* Reads four bytes in network byte order. */
static uint32_t
addressfilter_four_bytes(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	    bytes[3];
}

static bool
addressfilter_is_public_v6(const unsigned char *bytes)
{
	/* NAT64 (RFC 6052, section 2.1): the last four bytes are the IPv4 address. */
	static const unsigned char nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(bytes, nat64, sizeof nat64) == 0 || memcmp(bytes, mapped, sizeof mapped) == 0)
		return addressfilter_is_public_v4(addressfilter_four_bytes(bytes + 12));
	if (bytes[0] == 0x20 && bytes[1] == 0x02) /* 6to4 (RFC 3056, section 2) */
		return addressfilter_is_public_v4(addressfilter_four_bytes(bytes + 2));
	for (size_t i = 0; i < sizeof special_v6 / sizeof special_v6[0]; i++)
		if ((addressfilter_four_bytes(bytes) ^
			addressfilter_four_bytes(special_v6[i].network)) >>
			(32 - special_v6[i].bits) ==
		    0)
			return false;
	return (bytes[0] & 0xe0) == 0x20;
}

bool
addressfilter_is_public(const struct sockaddr *address)
{
	const void *bytes = address;

	if (address->sa_family == AF_INET)
		return addressfilter_is_public_v4(ntohl(((const struct sockaddr_in *)bytes)
							    ->sin_addr.s_addr));
	return address->sa_family == AF_INET6 &&
	    addressfilter_is_public_v6(((const struct sockaddr_in6 *)bytes)->sin6_addr.s6_addr);
}

/* Resolves host and checks its addresses. The caller frees the result; NULL with err set. */
static struct addrinfo *
addressfilter_query(const struct addressfilter *filter, const char *host, const char *port,
    struct error *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	int result = getaddrinfo(host, port, &hints, &found);

	if (result != 0) {
		error_set(err,
		    result == EAI_MEMORY || result == EAI_SYSTEM ? ERROR_SYSTEM : ERROR_INPUT,
		    "the host '%s' is not found: %s", host,
		    result == EAI_SYSTEM ? strerror(errno) : gai_strerror(result));
		return NULL;
	}
	for (const struct addrinfo *at = found; at != NULL && !filter->allow_private;
	     at = at->ai_next)
		if (!addressfilter_is_public(at->ai_addr)) {
			error_set(err, ERROR_INPUT,
			    "'%s' is an address of a private network, which is not allowed here",
			    host);
			freeaddrinfo(found);
			return NULL;
		}
	return found;
}

/* Waits until the connection is established. On false errno is set. */
static bool
addressfilter_wait_connected(const struct addressfilter *filter, int fd)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLOUT },
		{ .fd = filter->interrupt, .events = POLLIN } };
	socklen_t length = sizeof(int);
	int ready, error = 0;

	do
		ready = poll(fds, 2, filter->timeout_ms);
	while (ready < 0 && errno == EINTR);
	if (ready == 0)
		errno = ETIMEDOUT;
	if (ready <= 0)
		return false;
	if (fds[1].revents != 0) {
		errno = ECANCELED;
		return false;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		return false;
	errno = error;
	return error == 0;
}

static int
addressfilter_connect_to(const struct addressfilter *filter, const struct addrinfo *at)
{
	cleanup_close int fd =
	    socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);

	if (fd < 0 ||
	    (connect(fd, at->ai_addr, at->ai_addrlen) < 0 &&
		(errno != EINPROGRESS || !addressfilter_wait_connected(filter, fd))))
		return -1;
	return take_fd(&fd);
}

int
addressfilter_connect(const struct addressfilter *filter, const char *host, const char *port,
    struct error *err)
{
	struct addrinfo *found = addressfilter_query(filter, host, port, err);
	int fd = -1;

	if (found == NULL)
		return -1;
	errno = 0;
	for (const struct addrinfo *at = found; at != NULL && fd < 0 && errno != ECANCELED;
	     at = at->ai_next)
		fd = addressfilter_connect_to(filter, at);
	if (fd < 0)
		error_set(err, ERROR_AWAY, "the host '%s' does not answer: %s", host,
		    strerror(errno));
	freeaddrinfo(found);
	return fd;
}

bool
addressfilter_resolve(const struct addressfilter *filter, const char *host,
    char address[static ADDRESSFILTER_TEXT], struct error *err)
{
	struct addrinfo *found = addressfilter_query(filter, host, NULL, err);
	int result;

	if (found == NULL)
		return false;
	result = getnameinfo(found->ai_addr, found->ai_addrlen, address, ADDRESSFILTER_TEXT, NULL,
	    0, NI_NUMERICHOST);
	freeaddrinfo(found);
	return result == 0 ||
	    error_set(err, ERROR_INPUT, "the host '%s' is not found: %s", host,
		gai_strerror(result));
}
