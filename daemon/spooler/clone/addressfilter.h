#ifndef KABUTO_ADDRESSFILTER_H
#define KABUTO_ADDRESSFILTER_H
/*
 * The address filter. If a user gives a host that this machine must call, the filter allows only
 * hosts of the public Internet. It resolves a name once, checks each address of it, and connects to
 * these addresses only. A second lookup, which could return other addresses, never happens.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "error.h"

#define ADDRESSFILTER_TEXT INET6_ADDRSTRLEN

struct addressfilter {
	bool allow_private; /* every address is allowed */
	int timeout_ms;     /* time limit for each address */
	int interrupt;      /* this descriptor becomes readable to cancel a connection; -1: never */
};

/*
 * Whether address belongs to the public Internet (IANA's registries of special-purpose addresses,
 * RFC 6890). An IPv6 address that embeds an IPv4 address is public if that IPv4 address is.
 */
bool addressfilter_is_public(const struct sockaddr *address);

/*
 * Connects to port of host, which is a name or an address in any form. Returns a socket
 * (non-blocking, close-on-exec), which the caller closes, or -1 with err set. The error's text can
 * follow "repo_url: ". ERROR_INPUT: the host is not found or one of its addresses is not public.
 * ERROR_AWAY: no address answers. ERROR_SYSTEM: this machine cannot resolve the name.
 */
int addressfilter_connect(const struct addressfilter *filter, const char *host, const char *port,
    struct error *err);

/*
 * Writes the first address of host as text, for a program that connects by itself. Checks the
 * addresses and fails like addressfilter_connect.
 */
bool addressfilter_resolve(const struct addressfilter *filter, const char *host,
    char address[static ADDRESSFILTER_TEXT], struct error *err);

#endif
