/*
 * A proxy in one thread, which waits for all its connections with poll.
 *
 * A tunnel begins with the head of a request. CONNECT connects the client to the host that it
 * names. Any other method is a request for an http URL; the proxy forwards this one request to the
 * URL's host ("Connection: close"). After the head the proxy copies bytes in both directions and
 * does not inspect them.
 */
#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"

#define TUNNELS         16 /* at the same time; git and hg use one or two */
#define HEAD_MOST       16384
#define HOST_TEXT       256
#define CONNECT_MS      15000
#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:"

/* One direction: bytes that were read from one socket and not yet written to the other. */
struct flow {
	char bytes[HEAD_MOST + 1];
	size_t length;
	bool ended; /* the source has reached its end */
	bool shut;  /* the destination was shut down for writing */
};

struct proxy_tunnel {
	int client, host; /* -1: not open; host is -1 until the head has arrived */
	bool refused;     /* the client gets the bytes in back, then the end */
	struct flow forth, back;
};

/* The first line of a request. */
struct request_line {
	bool connect;
	char host[HOST_TEXT], port[8];
	const char *method, *path, *version; /* of an http request; only path ends with a NUL */
	size_t method_length;
};

static void
proxy_tunnel_close(struct proxy_tunnel *tunnel)
{
	if (tunnel->client >= 0)
		(void)close(tunnel->client);
	if (tunnel->host >= 0)
		(void)close(tunnel->host);
	tunnel->client = tunnel->host = -1;
}

static void
proxy_tunnel_answer(struct proxy_tunnel *tunnel, const char *status, const char *header)
{
	tunnel->back.length = (size_t)snprintf(tunnel->back.bytes, sizeof tunnel->back.bytes,
	    "HTTP/1.1 %s\r\n%s\r\n", status, header);
}

static void
proxy_tunnel_refuse(struct proxy_tunnel *tunnel, const char *status, const char *header)
{
	proxy_tunnel_answer(tunnel, status, header);
	tunnel->refused = tunnel->forth.ended = tunnel->back.ended = true;
	tunnel->forth.length = 0;
}

/*
 * Parses "host:port" or "[address]:port" of length bytes. port is the default port, or NULL if the
 * text must contain one.
 */
static bool
proxy_authority_parse(const char *text, size_t length, const char *port, struct request_line *line)
{
	char authority[HOST_TEXT + 16], *colon, *host = authority;

	if (length >= sizeof authority || memchr(text, '@', length) != NULL)
		return false;
	memcpy(authority, text, length);
	authority[length] = '\0';
	if (authority[0] == '[') {
		char *end = strchr(++host, ']');

		if (end == NULL || (end[1] != ':' && end[1] != '\0'))
			return false;
		*end = '\0';
		colon = end[1] == ':' ? end + 1 : NULL;
	} else {
		colon = strrchr(authority, ':');
	}
	if (colon != NULL) {
		*colon = '\0';
		port = colon + 1;
	}
	if (strspn(host, HOST_CHARACTERS) != strlen(host) || port == NULL ||
	    strlen(port) >= sizeof line->port || strspn(port, "0123456789") != strlen(port) ||
	    *port == '\0' || *host == '\0' || strlen(host) >= sizeof line->host)
		return false;
	strcpy(line->host, host);
	strcpy(line->port, port);
	return true;
}

/* Parses "CONNECT host:port HTTP/1.1" or "GET http://host/path HTTP/1.1" (RFC 9112, section 3). */
static bool
proxy_request_line_parse(const char *head, struct request_line *line)
{
	static const char scheme[] = "http://";
	size_t method = strcspn(head, " \r\n"), length;
	const char *target = head + method + 1, *at;

	if (method == 0 || head[method] != ' ')
		return false;
	length = strcspn(target, " \r\n");
	if (target[length] != ' ' || strncmp(target + length + 1, "HTTP/1.", 7) != 0)
		return false;
	line->method = head;
	line->method_length = method;
	line->version = target + length + 1;
	line->connect = method == 7 && memcmp(head, "CONNECT", 7) == 0;
	if (line->connect)
		return proxy_authority_parse(target, length, NULL, line);
	if (strncasecmp(target, scheme, sizeof scheme - 1) != 0)
		return false;
	target += sizeof scheme - 1;
	line->path = target + strcspn(target, "/?# ");
	/* hg keeps the "user:password@" of a redirect's URL. */
	at = memrchr(target, '@', (size_t)(line->path - target));
	target = at != NULL ? at + 1 : target;
	return proxy_authority_parse(target, (size_t)(line->path - target), "80", line);
}

/* Returns the line after at, with its *length without the line end; NULL after the last line. */
static const char *
proxy_next_line(const char *at, size_t *length)
{
	at = strstr(at, "\r\n");
	if (at == NULL)
		return NULL;
	at += 2;
	*length = strcspn(at, "\r\n");
	return *length == 0 ? NULL : at;
}

static bool
proxy_is_authorized(const struct proxy *proxy, const char *head)
{
	char plain[sizeof proxy->password + sizeof PROXY_USER], wanted[256] = "Basic ";
	static const char name[] = "Proxy-Authorization:";
	size_t length;

	snprintf(plain, sizeof plain, "%s:%s", PROXY_USER, proxy->password);
	sodium_bin2base64(wanted + strlen(wanted), sizeof wanted - strlen(wanted),
	    (const unsigned char *)plain, strlen(plain), sodium_base64_VARIANT_ORIGINAL);
	for (const char *line = head; (line = proxy_next_line(line, &length)) != NULL;)
		if (strncasecmp(line, name, sizeof name - 1) == 0) {
			const char *value =
			    line + sizeof name - 1 + strspn(line + sizeof name - 1, " ");

			return (size_t)(line + length - value) == strlen(wanted) &&
			    sodium_memcmp(value, wanted, strlen(wanted)) == 0;
		}
	return false;
}

/* Whether the header line is meant for the proxy only (RFC 9110, section 7.6.1). */
static bool
proxy_is_ours(const char *line)
{
	return strncasecmp(line, "Proxy-", 6) == 0 || strncasecmp(line, "Connection:", 11) == 0;
}

/*
 * Replaces the head with the request that the host gets (RFC 9112, section 3.2.1). The head has
 * length bytes, including the empty line at its end.
 */
static bool
proxy_rewrite_head(struct flow *flow, size_t length, const struct request_line *line)
{
	cleanup_free char *head = NULL;
	size_t room = 0, line_length, rest = flow->length - length, new_length;
	cleanup_file FILE *to = open_memstream(&head, &room);
	bool path = line->path[0] == '/';

	if (to == NULL)
		return false;
	fprintf(to, "%.*s %s%.*s %.8s\r\nConnection: close\r\n", (int)line->method_length,
	    line->method, path ? "" : "/", (int)strcspn(line->path, "# "), line->path,
	    line->version);
	for (const char *at = flow->bytes; (at = proxy_next_line(at, &line_length)) != NULL;)
		if (!proxy_is_ours(at))
			fprintf(to, "%.*s\r\n", (int)line_length, at);
	fputs("\r\n", to);
	if (fflush(to) != 0 || room + rest > HEAD_MOST)
		return false;
	new_length = room;
	memmove(flow->bytes + new_length, flow->bytes + length, rest);
	memcpy(flow->bytes, head, new_length);
	flow->length = new_length + rest;
	return true;
}

static void
proxy_record_refusal(struct proxy *proxy, const struct error *err)
{
	pthread_mutex_lock(&proxy->lock);
	if (proxy->refusal.kind == ERROR_NONE)
		proxy->refusal = *err;
	pthread_mutex_unlock(&proxy->lock);
}

/* Handles the head of a request as soon as its empty line has arrived. */
static void
proxy_tunnel_begin(struct proxy *proxy, struct proxy_tunnel *tunnel)
{
	struct flow *forth = &tunnel->forth;
	struct request_line line = { 0 };
	struct error err;
	char *end;

	forth->bytes[forth->length] = '\0';
	end = strstr(forth->bytes, "\r\n\r\n");
	if (end == NULL) {
		if (forth->length == HEAD_MOST || strlen(forth->bytes) < forth->length)
			proxy_tunnel_refuse(tunnel, "400 Bad Request", "");
		return;
	}
	if (!proxy_is_authorized(proxy, forth->bytes)) {
		proxy_tunnel_refuse(tunnel, "407 Proxy Authentication Required",
		    "Proxy-Authenticate: Basic realm=\"checkout\"\r\nConnection: close\r\n");
		return;
	}
	if (!proxy_request_line_parse(forth->bytes, &line)) {
		proxy_tunnel_refuse(tunnel, "400 Bad Request", "");
		return;
	}
	if (!line.connect && !proxy->http) {
		error_set(&err, ERROR_INPUT, "the scheme 'http' is not allowed here");
		proxy_record_refusal(proxy, &err);
		proxy_tunnel_refuse(tunnel, "403 Refused By Kabuto", "");
		return;
	}
	tunnel->host = addressfilter_connect(&proxy->filter, line.host, line.port, &err);
	if (tunnel->host < 0) {
		proxy_record_refusal(proxy, &err);
		proxy_tunnel_refuse(tunnel,
		    err.kind == ERROR_AWAY ? "502 Bad Gateway" : "403 Refused By Kabuto", "");
		return;
	}
	if (line.connect) {
		size_t length = (size_t)(end + 4 - forth->bytes);

		forth->length -= length;
		memmove(forth->bytes, end + 4, forth->length);
		proxy_tunnel_answer(tunnel, "200 Connected", "");
	} else if (!proxy_rewrite_head(forth, (size_t)(end + 4 - forth->bytes), &line)) {
		proxy_tunnel_refuse(tunnel, "431 Request Header Fields Too Large", "");
	}
}

/* Copies as many bytes as possible without waiting. Returns false if a connection broke. */
static bool
proxy_flow_move(struct flow *flow, int from, short ready_from, int to, short ready_to)
{
	ssize_t length;

	if (!flow->ended && (ready_from & (POLLIN | POLLHUP | POLLERR)) != 0 &&
	    flow->length < HEAD_MOST) {
		length = recv(from, flow->bytes + flow->length, HEAD_MOST - flow->length, 0);
		if (length < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		flow->ended = length == 0;
		flow->length += length > 0 ? (size_t)length : 0;
	}
	if (flow->length > 0 && (ready_to & (POLLOUT | POLLERR | POLLHUP)) != 0) {
		length = send(to, flow->bytes, flow->length, MSG_NOSIGNAL);
		if (length < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (length > 0) {
			flow->length -= (size_t)length;
			memmove(flow->bytes, flow->bytes + length, flow->length);
		}
	}
	if (flow->ended && flow->length == 0 && !flow->shut && to >= 0) {
		flow->shut = true;
		(void)shutdown(to, SHUT_WR);
	}
	return true;
}

static short
proxy_wanted(const struct flow *in, const struct flow *out)
{
	short events = 0;

	if (!in->ended && in->length < HEAD_MOST)
		events |= POLLIN;
	if (out->length > 0)
		events |= POLLOUT;
	return events;
}

/*
 * Leaves out a descriptor that waits for no event: at its end it would wake poll again and again.
 */
static struct pollfd
proxy_watch(int fd, short events)
{
	return (struct pollfd){ .fd = events != 0 ? fd : -1, .events = events };
}

static void
proxy_tunnel_run(struct proxy *proxy, struct proxy_tunnel *tunnel, short client, short host)
{
	bool open = proxy_flow_move(&tunnel->forth, tunnel->client, client, tunnel->host, host) &&
	    proxy_flow_move(&tunnel->back, tunnel->host, host, tunnel->client, client);

	if (open && tunnel->host < 0 && !tunnel->refused) {
		open = !tunnel->forth.ended;
		if (open)
			proxy_tunnel_begin(proxy, tunnel);
	}
	if (!open || (tunnel->back.shut && (tunnel->refused || tunnel->forth.shut)))
		proxy_tunnel_close(tunnel);
}

static void
proxy_accept_client(struct proxy *proxy)
{
	int fd = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (size_t i = 0; i < TUNNELS; i++)
		if (proxy->tunnels[i].client < 0) {
			struct proxy_tunnel *tunnel = &proxy->tunnels[i];

			tunnel->client = fd;
			tunnel->refused = false;
			tunnel->forth.length = tunnel->back.length = 0;
			tunnel->forth.ended = tunnel->forth.shut = false;
			tunnel->back.ended = tunnel->back.shut = false;
			return;
		}
	(void)close(fd);
}

static void *
proxy_serve(void *context)
{
	struct proxy *proxy = context;
	struct pollfd fds[2 + 2 * TUNNELS];

	for (;;) {
		fds[0] = proxy_watch(proxy->stop, POLLIN);
		fds[1] = proxy_watch(proxy->listener, POLLIN);
		for (size_t i = 0; i < TUNNELS; i++) {
			struct proxy_tunnel *tunnel = &proxy->tunnels[i];

			fds[2 + 2 * i] = proxy_watch(tunnel->client,
			    proxy_wanted(&tunnel->forth, &tunnel->back));
			fds[3 + 2 * i] =
			    proxy_watch(tunnel->host, proxy_wanted(&tunnel->back, &tunnel->forth));
		}
		if (poll(fds, 2 + 2 * TUNNELS, -1) < 0)
			continue;
		if (fds[0].revents != 0)
			return NULL;
		for (size_t i = 0; i < TUNNELS; i++)
			if (proxy->tunnels[i].client >= 0 &&
			    (fds[2 + 2 * i].revents != 0 || fds[3 + 2 * i].revents != 0))
				proxy_tunnel_run(proxy, &proxy->tunnels[i], fds[2 + 2 * i].revents,
				    fds[3 + 2 * i].revents);
		if (fds[1].revents != 0)
			proxy_accept_client(proxy);
	}
}

static bool
proxy_listen_on_loopback(struct proxy *proxy)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;

	proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (proxy->listener < 0 || bind(proxy->listener, (struct sockaddr *)&address, length) < 0 ||
	    listen(proxy->listener, TUNNELS) < 0 ||
	    getsockname(proxy->listener, (struct sockaddr *)&address, &length) < 0)
		return false;
	proxy->port = ntohs(address.sin_port);
	return true;
}

static void
proxy_give_back(struct proxy *proxy)
{
	for (size_t i = 0; proxy->tunnels != NULL && i < TUNNELS; i++)
		proxy_tunnel_close(&proxy->tunnels[i]);
	free(proxy->tunnels);
	if (proxy->listener >= 0)
		(void)close(proxy->listener);
	if (proxy->stop >= 0)
		(void)close(proxy->stop);
	pthread_mutex_destroy(&proxy->lock);
}

bool
proxy_start(struct proxy *proxy, bool allow_private, bool http, struct error *err)
{
	*proxy = (struct proxy){ .listener = -1, .http = http, .stop = eventfd(0, EFD_CLOEXEC) };
	pthread_mutex_init(&proxy->lock, NULL);
	proxy->filter = (struct addressfilter){ allow_private, CONNECT_MS, proxy->stop };
	secret_make_name(proxy->password);
	proxy->tunnels = calloc(TUNNELS, sizeof proxy->tunnels[0]);
	for (size_t i = 0; proxy->tunnels != NULL && i < TUNNELS; i++)
		proxy->tunnels[i].client = proxy->tunnels[i].host = -1;
	if (proxy->tunnels != NULL && proxy->stop >= 0 && proxy_listen_on_loopback(proxy)) {
		errno = pthread_create(&proxy->thread, NULL, proxy_serve, proxy);
		if (errno == 0)
			return true;
	}
	error_errno(err, "start the proxy of a checkout");
	proxy_give_back(proxy);
	return false;
}

void
proxy_stop(struct proxy *proxy)
{
	(void)eventfd_write(proxy->stop, 1);
	(void)pthread_join(proxy->thread, NULL);
	proxy_give_back(proxy);
}

bool
proxy_refused(struct proxy *proxy, struct error *err)
{
	bool refused;

	pthread_mutex_lock(&proxy->lock);
	refused = proxy->refusal.kind != ERROR_NONE;
	if (refused)
		*err = proxy->refusal;
	pthread_mutex_unlock(&proxy->lock);
	return refused;
}
