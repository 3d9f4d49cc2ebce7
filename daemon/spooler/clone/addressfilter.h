#ifndef KABUTO_ADDRESSFILTER_H
#define KABUTO_ADDRESSFILTER_H
/*
 * The guard of addresses: where a user says whom this machine is to call, it calls nobody but the
 * public Internet. A name is looked up once, each of its addresses is checked, and the connection
 * is made to just these; no second look-up can give others.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "error.h"

#define GUARD_ADDRESS INET6_ADDRSTRLEN

struct guard {
	bool allow_private; /* any address is a good one */
	int timeout_ms;     /* for each address that is tried */
	int interrupt;      /* can be read as soon as a connection is to be given up; -1: never */
};

/*
 * Whether address is one of the public Internet (the IANA's registries of special-purpose
 * addresses, RFC 6890). An IPv6 address that stands for an IPv4 one is as public as that.
 */
bool addressfilter_is_public(const struct sockaddr *address);

/*
 * A socket (non-blocking, close-on-exec) that is connected to port of host, which may be a name or
 * an address in any form. -1 with err set, in words that follow "repo_url: ": ERROR_INPUT where it
 * is not found or one of its addresses is not public, ERROR_AWAY where nobody answers there,
 * ERROR_SYSTEM where this machine cannot look it up.
 */
int addressfilter_connect(const struct guard *guard, const char *host, const char *port,
    struct error *err);

/* The first address of host as text, checked likewise, for who must connect by itself. */
bool addressfilter_resolve(const struct guard *guard, const char *host,
    char address[static GUARD_ADDRESS], struct error *err);

#endif
