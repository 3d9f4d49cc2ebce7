#ifndef KABUTO_PROXY_H
#define KABUTO_PROXY_H
/*
 * A forward proxy (RFC 9110, section 3.7) on a port of 127.0.0.1 for one checkout: each connection
 * that git or hg makes, by each redirect and to each host that a server names, goes through the
 * guard of addresses. It asks for a password that nobody but the checkout is told.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "addressfilter.h"
#include "secret.h"

#define PROXY_USER "kabuto"

struct proxy_tunnel;

struct proxy {
	pthread_mutex_t lock; /* of refusal alone */
	struct error refusal; /* the first one; kind ERROR_NONE: none yet */
	struct guard guard;
	bool http;
	uint16_t port;
	char password[NAME_TEXT];
	int listener;
	int stop; /* an eventfd */
	pthread_t thread;
	struct proxy_tunnel *tunnels;
};

/*
 * Starts it, in a thread of its own. http: whether plain http is spoken too, as a server may
 * redirect to it. On true it is to be ended with proxy_stop.
 */
bool proxy_start(struct proxy *proxy, bool allow_private, bool http, struct error *err);

/* Ends it with all its connections. */
void proxy_stop(struct proxy *proxy);

/* Whether a connection was refused so far; err then gets why, of the first one. */
bool proxy_refused(struct proxy *proxy, struct error *err);

#endif
