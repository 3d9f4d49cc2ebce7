/*
 * A stream's FastCGI records: whole, however little the connection takes at a time.
 */
#include "support.h"

#include <sys/socket.h>

#include "stream.h"

/* One end is the stream's, the other the web server's. */
struct ends {
	struct stream stream;
	int server;
};

static void
open_ends(struct ends *ends, int request)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	*ends = (struct ends){ .stream = { .fd = fds[0], .request = request }, .server = fds[1] };
}

static void
close_ends(struct ends *ends)
{
	(void)close(ends->stream.fd);
	(void)close(ends->server);
}

static void
give_piece(struct stream *stream, char fill, size_t length)
{
	struct textbuffer buffer = { malloc(length), length };
	struct error err;

	assert_non_null(buffer.text);
	memset(buffer.text, fill, length);
	stream->piece = piece_make(&buffer, &err);
	assert_non_null(stream->piece);
}

/* Sends the piece, and reads into received whenever the connection is full. */
static size_t
send_all(struct ends *ends, unsigned char *received, size_t room)
{
	enum stream_sending sending;
	size_t length = 0;
	ssize_t got;

	do {
		sending = stream_send(&ends->stream);
		assert_int_not_equal(sending, STREAM_BROKEN);
		while (length < room &&
		    (got = recv(ends->server, received + length, 700, MSG_DONTWAIT)) > 0)
			length += (size_t)got;
	} while (sending == STREAM_BLOCKED);
	return length;
}

/* Reads the records: counts the content's bytes, which must all be `fill`. */
static size_t
content_of(const unsigned char *records, size_t length, int request, char fill)
{
	size_t content = 0, at = 0;

	while (at < length) {
		size_t size = (size_t)(records[at + 4] << 8 | records[at + 5]);

		assert_int_equal(records[at], 1);     /* version */
		assert_int_equal(records[at + 1], 6); /* FCGI_STDOUT */
		assert_int_equal(records[at + 2] << 8 | records[at + 3], request);
		assert_true(size > 0); /* an empty record would end the body */
		assert_int_equal(records[at + 6], 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(records[at + 8 + i], fill);
		content += size;
		at += 8 + size;
	}
	assert_int_equal(at, length);
	return content;
}

static void
test_pieces_of_each_length_arrive_in_whole_records(void **state)
{
	static const size_t lengths[] = { 1, 7, 65527, 65528, 65529, 131056, 1000000 };

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		size_t room = lengths[i] + 1000, length;
		unsigned char *received = malloc(room);
		int request = (int)(i * 1000 + 1);
		struct ends ends;

		print_message("%zu bytes\n", lengths[i]);
		assert_non_null(received);
		open_ends(&ends, request);
		give_piece(&ends.stream, 'x', lengths[i]);
		length = send_all(&ends, received, room);
		assert_null(ends.stream.piece);
		assert_int_equal(content_of(received, length, request, 'x'), lengths[i]);
		/* A second piece begins a record of its own. */
		give_piece(&ends.stream, 'y', 5);
		length = send_all(&ends, received, room);
		assert_int_equal(content_of(received, length, request, 'y'), 5);
		close_ends(&ends);
		free(received);
	}
}

static void
test_end_follows_the_last_piece(void **state)
{
	static const unsigned char end[] = { 1, 6, 1, 2, 0, 0, 0, 0, /* the body's end */
		1, 3, 1, 2, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	unsigned char received[64];
	struct ends ends;

	(void)state;
	open_ends(&ends, 0x102);
	stream_end(&ends.stream);
	assert_int_equal(recv(ends.server, received, sizeof received, MSG_DONTWAIT), sizeof end);
	assert_memory_equal(received, end, sizeof end);
	/* Not within a piece: the client must see that it did not get all. */
	give_piece(&ends.stream, 'x', 10);
	stream_end(&ends.stream);
	assert_int_equal(recv(ends.server, received, sizeof received, MSG_DONTWAIT), -1);
	piece_drop(ends.stream.piece);
	close_ends(&ends);
}

static void
test_closed_connection_is_noticed(void **state)
{
	struct ends ends;

	(void)state;
	open_ends(&ends, 1);
	(void)close(ends.server);
	give_piece(&ends.stream, 'x', 10);
	assert_int_equal(stream_send(&ends.stream), STREAM_BROKEN);
	piece_drop(ends.stream.piece);
	(void)close(ends.stream.fd);
}

static void
test_shared_piece_lives_until_its_last_reference(void **state)
{
	struct textbuffer buffer = { 0 };
	struct piece *piece;
	struct error err;

	(void)state;
	must(textbuffer_add(&buffer, "abc", 3, &err), &err);
	piece = piece_make(&buffer, &err);
	assert_null(buffer.text);
	assert_ptr_equal(piece_share(piece), piece);
	piece_drop(piece);
	assert_memory_equal(piece->text, "abc", 3);
	piece_drop(piece);
	piece_drop(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_of_each_length_arrive_in_whole_records),
		cmocka_unit_test(test_end_follows_the_last_piece),
		cmocka_unit_test(test_closed_connection_is_noticed),
		cmocka_unit_test(test_shared_piece_lives_until_its_last_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
