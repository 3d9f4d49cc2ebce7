#ifndef KABUTO_PROXY_H
#define KABUTO_PROXY_H
/*
 * A forward proxy (RFC 9110, section 3.7) on a port of 127.0.0.1 for one checkout. Each connection
 * of git or hg, to the host of the URL, of a redirect or of a server's answer, goes through the
 * address filter. The proxy requires a password that only the checkout knows.
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
	pthread_mutex_t lock; /* protects refusal only */
	struct error refusal; /* the first refused connection; kind ERROR_NONE: none so far */
	struct addressfilter filter;
	bool http;
	uint16_t port;
	char password[NAME_TEXT];
	int listener;
	int stop; /* an eventfd */
	pthread_t thread;
	struct proxy_tunnel *tunnels;
};

/*
 * Starts the proxy in its own thread. http: allows plain http too, since a server may redirect to
 * it. On true the caller must call proxy_stop.
 */
bool proxy_start(struct proxy *proxy, bool allow_private, bool http, struct error *err);

/* Stops the proxy and closes all its connections. */
void proxy_stop(struct proxy *proxy);

/* Whether the proxy has refused a connection. If so, err gets the reason of the first refusal. */
bool proxy_refused(struct proxy *proxy, struct error *err);

#endif
