/*
 * The thread of streams: when it lets a stream go.
 */
#include "support.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "streams.h"

#define WAIT_MS 10000 /* before the next heartbeat, which would find a broken connection too */
#define ACCOUNT 7

static const struct config config = { .session_days = 30, .streams_max = 10 };
static struct server server; /* too large for the stack */
static int cleared;          /* an eventfd: counts the streams that were freed */

static enum stream_next
wait_for_ever(struct stream *stream, struct stream_context *context, struct piece **piece,
    struct error *err)
{
	(void)stream;
	(void)context;
	(void)piece;
	(void)err;
	return STREAM_WAIT;
}

static void
count_cleared(struct stream *stream, struct stream_context *context)
{
	(void)stream;
	(void)context;
	assert_int_equal(eventfd_write(cleared, 1), 0);
}

static int
begin(void **state)
{
	struct world *world;

	if (world_setup(state) != 0)
		return -1;
	world = *state;
	server.config = &config;
	server.stop = eventfd(0, EFD_CLOEXEC);
	server.spool.logs = open(world->folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pool_init(&server.pool, sqlite3_db_filename(world->db.handle, NULL));
	waiters_init(&server.streams_open);
	cleared = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE | EFD_NONBLOCK);
	server.streams = streams_start(&server, &world->err);
	return server.streams != NULL ? 0 : -1;
}

static int
finish(void **state)
{
	(void)eventfd_write(server.stop, 1);
	streams_stop(server.streams);
	(void)close(server.stop);
	(void)close(server.spool.logs);
	(void)close(cleared);
	pool_clear(&server.pool);
	return world_teardown(state);
}

/* Gives a stream with this connection to the thread. */
static void
add(int fd)
{
	static const struct stream_source source = { wait_for_ever, count_cleared };
	struct stream *stream = calloc(1, sizeof *stream);

	assert_non_null(stream);
	assert_true(fd >= 0);
	assert_true(waiters_enter(&server.streams_open, ACCOUNT, config.streams_max));
	*stream = (struct stream){ .source = &source,
		.server = &server,
		.caller.account.id = ACCOUNT,
		.opener = ACCOUNT };
	streams_add(server.streams, stream, fd, 1);
}

static bool
one_was_cleared(void)
{
	struct pollfd ready = { .fd = cleared, .events = POLLIN };
	eventfd_t one;

	return poll(&ready, 1, WAIT_MS) == 1 && eventfd_read(cleared, &one) == 0;
}

static void
test_stream_ends_when_the_web_server_closes_its_connection(void **state)
{
	int fds[3][2];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]), 0);
		add(fds[i][0]);
	}
	for (size_t i = 0; i < 3; i++) {
		(void)close(fds[i][1]);
		assert_true(one_was_cleared());
	}
}

/* epoll takes no regular files, and refuses others when it lacks memory. */
static void
test_connection_that_cannot_be_watched_is_closed(void **state)
{
	struct world *world = *state;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	add(fds[0]);
	add(open(sqlite3_db_filename(world->db.handle, NULL), O_RDONLY | O_CLOEXEC));
	assert_true(one_was_cleared());
	(void)close(fds[1]);
	assert_true(one_was_cleared());
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_stream_ends_when_the_web_server_closes_its_connection),
		test(test_connection_that_cannot_be_watched_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
