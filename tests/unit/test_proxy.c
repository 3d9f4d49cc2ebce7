/*
 * The proxy of a checkout, as a client sees it that talks to it by hand.
 */
#include "support.h"

#include <arpa/inet.h>
#include <poll.h>

#include "daemon/spooler/clone/proxy.c"

struct place {
	struct proxy proxy;
	int host; /* listens on loopback */
	char port[8];
	char authorization[256]; /* the header's line */
};

static int
listen_somewhere(char port[static 8])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	snprintf(port, 8, "%u", (unsigned)ntohs(address.sin_port));
	return fd;
}

static void
place_open(struct place *place, bool allow_private)
{
	char plain[128], text[192];
	struct error err;

	must(secret_init(&err), &err);
	must(proxy_start(&place->proxy, allow_private, true, &err), &err);
	place->host = listen_somewhere(place->port);
	snprintf(plain, sizeof plain, "kabuto:%s", place->proxy.password);
	sodium_bin2base64(text, sizeof text, (unsigned char *)plain, strlen(plain),
	    sodium_base64_VARIANT_ORIGINAL);
	snprintf(place->authorization, sizeof place->authorization,
	    "Proxy-Authorization: Basic %s\r\n", text);
}

static void
place_close(struct place *place)
{
	proxy_stop(&place->proxy);
	(void)close(place->host);
}

/* A client of the proxy that has sent text. */
static int
client(const struct place *place, const char *text)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(place->proxy.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval limit = { .tv_sec = 20 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	return fd;
}

/* Reads until what was read ends in end; NULL: until the other end closes. */
static void
receive(int fd, char text[static 4096], const char *end)
{
	size_t length = 0;
	ssize_t got = 1;

	text[0] = '\0';
	while (got > 0 &&
	    (end == NULL || length < strlen(end) ||
		strcmp(text + length - strlen(end), end) != 0)) {
		got = recv(fd, text + length, 4095 - length, 0);
		if (got < 0 && errno == ECONNRESET && end == NULL)
			break; /* closed with something unread */
		assert_true(got >= 0);
		length += (size_t)got;
		text[length] = '\0';
	}
}

/* The connection that the proxy makes to the host. */
static int
accepted(const struct place *place)
{
	const struct timeval limit = { .tv_sec = 20 };
	struct pollfd fd = { .fd = place->host, .events = POLLIN };
	int connection;

	assert_int_equal(poll(&fd, 1, 20000), 1);
	connection = accept(place->host, NULL, NULL);
	assert_true(connection >= 0);
	assert_int_equal(setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
	return connection;
}

static void
test_what_is_no_request_of_ours_is_refused(void **state)
{
	static const struct {
		const char *line;
		bool authorized;
		const char *status;
	} rows[] = {
		{ "CONNECT 127.0.0.1:PORT HTTP/1.1", false, "407 " },
		{ "GET http://127.0.0.1:PORT/ HTTP/1.1", false, "407 " },
		{ "CONNECT 127.0.0.1:PORT HTTP/1.1\r\nProxy-Authorization: Basic a2FidXRvOg==",
		    false, "407 " },
		{ "CONNECT 127.0.0.1:PORT HTTP/1.1", true, "403 " },
		{ "CONNECT localhost:PORT HTTP/1.1", true, "403 " },
		{ "CONNECT [::1]:PORT HTTP/1.1", true, "403 " },
		{ "CONNECT [::ffff:7f00:1]:PORT HTTP/1.1", true, "403 " },
		{ "CONNECT 2130706433:PORT HTTP/1.1", true, "403 " },
		{ "CONNECT 0x7f.1:PORT HTTP/1.1", true, "403 " },
		{ "CONNECT 0:PORT HTTP/1.0", true, "403 " },
		{ "GET http://127.0.0.1:PORT/ HTTP/1.1", true, "403 " },
		{ "GET HTTP://127.0.0.1:PORT HTTP/1.1", true, "403 " },
		{ "POST http://[::1]:PORT/x?y HTTP/1.1", true, "403 " },
		{ "GET http://x:y@127.0.0.1:PORT/ HTTP/1.1", true, "403 " },
		{ "GET http://8.8.8.8@127.0.0.1:PORT/@ HTTP/1.1", true, "403 " },
		{ "CONNECT x@127.0.0.1:PORT HTTP/1.1", true, "400 " },
		{ "GET ftp://127.0.0.1:PORT/ HTTP/1.1", true, "400 " },
		{ "GET file:///etc/passwd HTTP/1.1", true, "400 " },
		{ "GET / HTTP/1.1", true, "400 " },
		{ "CONNECT 127.0.0.1 HTTP/1.1", true, "400 " },
		{ "CONNECT 127.0.0.1: HTTP/1.1", true, "400 " },
		{ "CONNECT 127.0.0.1:http HTTP/1.1", true, "400 " },
		{ "CONNECT :PORT HTTP/1.1", true, "400 " },
		{ "CONNECT /x:PORT HTTP/1.1", true, "400 " },
		{ "CONNECT [fe80::1%lo]:PORT HTTP/1.1", true, "400 " },
		{ "CONNECT [::1:PORT HTTP/1.1", true, "400 " },
		{ "CONNECT [::1]PORT HTTP/1.1", true, "400 " },
		{ "CONNECT 127.0.0.1:PORT", true, "400 " },
		{ "CONNECT", true, "400 " },
		{ "", true, "400 " },
		{ "\x16\x03\x01", true, "400 " },
	};
	struct place place;
	int failed = 0;

	(void)state;
	place_open(&place, false);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *at = strstr(rows[i].line, "PORT");
		int before = at == NULL ? (int)strlen(rows[i].line) : (int)(at - rows[i].line);
		char text[4096], answer[4096];
		int fd;

		snprintf(text, sizeof text, "%.*s%s%s\r\n%s\r\n", before, rows[i].line,
		    at != NULL ? place.port : "", at != NULL ? at + 4 : "",
		    rows[i].authorized ? place.authorization : "");
		fd = client(&place, text);
		receive(fd, answer, NULL);
		(void)close(fd);
		row_check(failed,
		    strncmp(answer, "HTTP/1.1 ", 9) == 0 &&
			strncmp(answer + 9, rows[i].status, 4) == 0,
		    "%s: %s", rows[i].line, answer);
	}
	assert_int_equal(accept(place.host, NULL, NULL), -1);
	place_close(&place);
	rows_end(failed);
}

static void
test_head_without_end_is_refused(void **state)
{
	char *text = malloc(HEAD_MOST + 1), answer[4096];
	struct place place;
	int fd;

	(void)state;
	memset(text, 'x', HEAD_MOST);
	text[HEAD_MOST] = '\0';
	place_open(&place, true);
	fd = client(&place, text);
	receive(fd, answer, NULL);
	assert_non_null(strstr(answer, "HTTP/1.1 400 "));
	(void)close(fd);
	place_close(&place);
	free(text);
}

static void
test_the_first_refusal_is_remembered(void **state)
{
	struct place place;
	char text[4096];
	struct error err;
	static const char *const hosts[] = { "10.0.0.1", "169.254.169.254" };

	(void)state;
	place_open(&place, false);
	assert_false(proxy_refused(&place.proxy, &err));
	for (size_t i = 0; i < COUNT(hosts); i++) {
		int fd;

		snprintf(text, sizeof text, "CONNECT %s:80 HTTP/1.1\r\n%s\r\n", hosts[i],
		    place.authorization);
		fd = client(&place, text);
		receive(fd, text, NULL);
		(void)close(fd);
	}
	assert_true(proxy_refused(&place.proxy, &err));
	assert_string_equal(err.text,
	    "'10.0.0.1' is an address of a private network, which is not allowed here");
	place_close(&place);
}

static void
test_tunnel_carries_bytes_both_ways_until_both_have_ended(void **state)
{
	struct place place;
	char text[4096];
	int fd, host;

	(void)state;
	place_open(&place, true);
	/* What comes behind the head at once belongs to the host. */
	snprintf(text, sizeof text, "CONNECT 127.0.0.1:%s HTTP/1.1\r\n%s\r\nearly", place.port,
	    place.authorization);
	fd = client(&place, text);
	host = accepted(&place);
	receive(host, text, "early");
	assert_string_equal(text, "early");
	receive(fd, text, "\r\n\r\n");
	assert_string_equal(text, "HTTP/1.1 200 Connected\r\n\r\n");
	assert_int_equal(send(host, "answer", 6, 0), 6);
	receive(fd, text, "answer");
	assert_int_equal(send(fd, "late", 4, 0), 4);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	receive(host, text, NULL);
	assert_string_equal(text, "late");
	assert_int_equal(send(host, "end", 3, 0), 3);
	(void)close(host);
	receive(fd, text, NULL);
	assert_string_equal(text, "end");
	(void)close(fd);
	place_close(&place);
}

static void
test_large_streams_arrive_whole(void **state)
{
	enum { SIZE = 3000000 };
	struct place place;
	char text[4096], *sent = malloc(SIZE), *got = malloc(SIZE);
	size_t out = 0, in = 0;
	uint64_t seed = 1;
	int fd, host;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		sent[i] = (char)chance(&seed, 256);
	place_open(&place, true);
	snprintf(text, sizeof text, "CONNECT 127.0.0.1:%s HTTP/1.1\r\n%s\r\n", place.port,
	    place.authorization);
	fd = client(&place, text);
	host = accepted(&place);
	receive(fd, text, "\r\n\r\n");
	while (in < SIZE) {
		struct pollfd fds[] = { { .fd = host, .events = out < SIZE ? POLLOUT : 0 },
			{ .fd = fd, .events = POLLIN } };
		ssize_t length;

		assert_true(poll(fds, 2, 20000) > 0);
		if ((fds[0].revents & POLLOUT) != 0) {
			length = send(host, sent + out, SIZE - out, MSG_DONTWAIT);
			out += length > 0 ? (size_t)length : 0;
		}
		if ((fds[1].revents & POLLIN) != 0) {
			length = recv(fd, got + in, SIZE - in, 0);
			assert_true(length > 0);
			in += (size_t)length;
		}
	}
	assert_memory_equal(sent, got, SIZE);
	(void)close(fd);
	(void)close(host);
	place_close(&place);
	free(sent);
	free(got);
}

static void
test_http_request_goes_on_without_what_is_ours(void **state)
{
	static const struct {
		const char *line, *expected;
	} rows[] = {
		{ "GET http://127.0.0.1:PORT/a/b?c=d HTTP/1.1", "GET /a/b?c=d HTTP/1.1\r\n" },
		{ "GET http://127.0.0.1:PORT HTTP/1.1", "GET / HTTP/1.1\r\n" },
		{ "GET http://127.0.0.1:PORT?x HTTP/1.0", "GET /?x HTTP/1.0\r\n" },
		{ "POST http://localhost:PORT/x#y HTTP/1.1", "POST /x HTTP/1.1\r\n" },
	};
	struct place place;
	int failed = 0;

	(void)state;
	place_open(&place, true);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *at = strstr(rows[i].line, "PORT");
		char text[4096], expected[4096];
		int fd, host;

		snprintf(text, sizeof text,
		    "%.*s%s%s\r\nHost: x\r\n%sproxy-connection: keep-alive\r\n"
		    "CONNECTION: keep-alive\r\nContent-Length: 4\r\n\r\nbody",
		    (int)(at - rows[i].line), rows[i].line, place.port, at + 4,
		    place.authorization);
		snprintf(expected, sizeof expected,
		    "%sConnection: close\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody",
		    rows[i].expected);
		fd = client(&place, text);
		host = accepted(&place);
		receive(host, text, "body");
		row_check(failed, strcmp(text, expected) == 0, "%s: %s", rows[i].line, text);
		assert_int_equal(send(host, "HTTP/1.1 200 OK\r\n\r\nx", 20, 0), 20);
		(void)close(host);
		receive(fd, text, NULL);
		assert_string_equal(text, "HTTP/1.1 200 OK\r\n\r\nx");
		(void)close(fd);
	}
	place_close(&place);
	rows_end(failed);
}

static void
test_ending_does_not_wait_for_open_tunnels(void **state)
{
	struct place place;
	char text[4096];
	int fd, idle, host;

	(void)state;
	place_open(&place, true);
	snprintf(text, sizeof text, "CONNECT 127.0.0.1:%s HTTP/1.1\r\n%s\r\n", place.port,
	    place.authorization);
	fd = client(&place, text);
	idle = client(&place, "CONNECT");
	host = accepted(&place);
	receive(fd, text, "\r\n\r\n");
	place_close(&place);
	receive(fd, text, NULL);
	receive(host, text, NULL);
	receive(idle, text, NULL);
	(void)close(fd);
	(void)close(idle);
	(void)close(host);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_request_of_ours_is_refused),
		cmocka_unit_test(test_head_without_end_is_refused),
		cmocka_unit_test(test_the_first_refusal_is_remembered),
		cmocka_unit_test(test_tunnel_carries_bytes_both_ways_until_both_have_ended),
		cmocka_unit_test(test_large_streams_arrive_whole),
		cmocka_unit_test(test_http_request_goes_on_without_what_is_ours),
		cmocka_unit_test(test_ending_does_not_wait_for_open_tunnels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
