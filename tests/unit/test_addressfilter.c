/*
 * Which addresses are public, and that nobody is called at others.
 */
#include "support.h"

#include <arpa/inet.h>
#include <sys/eventfd.h>

#include "addressfilter.h"

static void
test_addresses_that_are_not_the_public_internet(void **state)
{
	static const struct {
		const char *address;
		bool private;
	} rows[] = {
		{ "0.0.0.0", true },
		{ "0.255.255.255", true },
		{ "1.0.0.0", false },
		{ "8.8.8.8", false },
		{ "9.255.255.255", false },
		{ "10.0.0.0", true },
		{ "10.255.255.255", true },
		{ "11.0.0.0", false },
		{ "100.63.255.255", false },
		{ "100.64.0.0", true },
		{ "100.127.255.255", true },
		{ "100.128.0.0", false },
		{ "126.255.255.255", false },
		{ "127.0.0.1", true },
		{ "127.255.255.255", true },
		{ "128.0.0.0", false },
		{ "169.253.255.255", false },
		{ "169.254.169.254", true },
		{ "169.255.0.0", false },
		{ "172.15.255.255", false },
		{ "172.16.0.0", true },
		{ "172.31.255.255", true },
		{ "172.32.0.0", false },
		{ "192.0.0.1", true },
		{ "192.0.1.0", false },
		{ "192.0.2.1", true },
		{ "192.0.3.0", false },
		{ "192.88.99.1", true },
		{ "192.88.100.0", false },
		{ "192.167.255.255", false },
		{ "192.168.0.0", true },
		{ "192.168.255.255", true },
		{ "192.169.0.0", false },
		{ "198.17.255.255", false },
		{ "198.18.0.0", true },
		{ "198.19.255.255", true },
		{ "198.20.0.0", false },
		{ "198.51.100.1", true },
		{ "203.0.113.1", true },
		{ "223.255.255.255", false },
		{ "224.0.0.1", true },
		{ "240.0.0.1", true },
		{ "255.255.255.255", true },
		{ "::", true },
		{ "::1", true },
		{ "::2", true },
		{ "::127.0.0.1", true },
		{ "::ffff:127.0.0.1", true },
		{ "::ffff:10.1.2.3", true },
		{ "::ffff:169.254.169.254", true },
		{ "::ffff:8.8.8.8", false },
		{ "::8.8.8.8", true },
		{ "::ffff:7f00:1", true },
		{ "::ffff:0:127.0.0.1", true },
		{ "64:ff9b::7f00:1", true },
		{ "64:ff9b::a9fe:a9fe", true },
		{ "64:ff9b::808:808", false },
		{ "64:ff9b::1:808:808", true },
		{ "64:ff9b:1::808:808", true },
		{ "2002:7f00:1::1", true },
		{ "2002:c0a8:101::1", true },
		{ "2002:808:808::1", false },
		{ "2001::1", true },
		{ "2001:1ff:ffff::1", true },
		{ "2001:200::1", false },
		{ "2001:db8::1", true },
		{ "2001:db9::1", false },
		{ "3ffe::1", false },
		{ "3fff::1", true },
		{ "3fff:1000::1", false },
		{ "5f00::1", true },
		{ "100::1", true },
		{ "1fff::1", true },
		{ "2000::1", false },
		{ "2606:4700:4700::1111", false },
		{ "3fff:ffff::1", false },
		{ "4000::1", true },
		{ "fc00::1", true },
		{ "fd12:3456::1", true },
		{ "fe80::1", true },
		{ "fec0::1", true },
		{ "ff02::1", true },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sockaddr_in v4 = { .sin_family = AF_INET };
		struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
		bool four = inet_pton(AF_INET, rows[i].address, &v4.sin_addr) == 1;
		bool known = four || inet_pton(AF_INET6, rows[i].address, &v6.sin6_addr) == 1;
		bool private =
		    !addressfilter_is_public(four ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6);

		row_check(failed, known && private == rows[i].private, "%s", rows[i].address);
	}
	rows_end(failed);
}

static void
test_host_in_any_spelling_of_a_private_address_is_refused(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "127.1", "2130706433", "0x7f000001",
		"0177.0.0.1", "0", "::1", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1", "10.0.0.1",
		"169.254.169.254", "fe80::1", "0x7f.1", "0177.1", "017700000001", "0.0.0.0",
		"::", "255.255.255.255", "224.0.0.1", "100.64.0.1", "192.0.0.8", "64:ff9b::7f00:1",
		"::ffff:7f00:1", "fc00::1", "localhost" };
	const struct addressfilter filter = { .interrupt = -1 };
	char address[ADDRESSFILTER_TEXT];
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct error err = { .kind = ERROR_NONE };

		row_check(failed,
		    !addressfilter_resolve(&filter, hosts[i], address, &err) &&
			err.kind == ERROR_INPUT && strstr(err.text, "private network") != NULL,
		    "%s: %s", hosts[i], err.text);
		row_check(failed,
		    addressfilter_connect(&filter, hosts[i], "1", &err) < 0 &&
			err.kind == ERROR_INPUT,
		    "%s: %s", hosts[i], err.text);
	}
	assert_true(addressfilter_resolve(&filter, "8.8.8.8", address, NULL));
	assert_string_equal(address, "8.8.8.8");
	assert_true(addressfilter_resolve(&filter, "010.8.8.8", address, NULL));
	assert_string_equal(address, "8.8.8.8");
	rows_end(failed);
}

/* A socket that listens on loopback; *port gets where. */
static int
listener(char port[static 8])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	snprintf(port, 8, "%u", (unsigned)ntohs(address.sin_port));
	return fd;
}

static void
test_only_who_is_allowed_private_hosts_reaches_one(void **state)
{
	const struct addressfilter strict = { false, 10000, -1 }, free = { true, 10000, -1 };
	char port[8];
	int server = listener(port), client;
	struct error err;

	(void)state;
	assert_int_equal(addressfilter_connect(&strict, "127.0.0.1", port, &err), -1);
	assert_string_equal(err.text,
	    "'127.0.0.1' is an address of a private network, which is not allowed here");
	assert_int_equal(accept(server, NULL, NULL), -1);
	client = addressfilter_connect(&free, "127.0.0.1", port, &err);
	assert_true(client >= 0);
	(void)close(client);
	(void)close(server);
	client = addressfilter_connect(&free, "127.0.0.1", port, &err);
	assert_int_equal(client, -1);
	assert_int_equal(err.kind, ERROR_AWAY);
	assert_string_equal(err.text, "the host '127.0.0.1' does not answer: Connection refused");
}

static void
test_connecting_is_given_up_when_it_is_to_end(void **state)
{
	const struct addressfilter filter = { true, 60000, eventfd(1, EFD_CLOEXEC) };
	char port[8];
	int server = listener(port);
	struct error err;

	(void)state;
	assert_int_equal(addressfilter_connect(&filter, "127.0.0.1", port, &err), -1);
	assert_int_equal(err.kind, ERROR_AWAY);
	(void)close(server);
	(void)close(filter.interrupt);
}

static void
test_host_that_does_not_exist_is_not_found(void **state)
{
	const struct addressfilter filter = { true, 10000, -1 };
	struct error err;

	(void)state;
	assert_int_equal(addressfilter_connect(&filter, "256.256.256.256", "1", &err), -1);
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_non_null(strstr(err.text, "the host '256.256.256.256' is not found: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_that_are_not_the_public_internet),
		cmocka_unit_test(test_host_in_any_spelling_of_a_private_address_is_refused),
		cmocka_unit_test(test_only_who_is_allowed_private_hosts_reaches_one),
		cmocka_unit_test(test_connecting_is_given_up_when_it_is_to_end),
		cmocka_unit_test(test_host_that_does_not_exist_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
