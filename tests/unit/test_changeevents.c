/*
 * What the streams of changes of one account share: a piece is read once for all that stand at its
 * place.
 */
#include "jobsupport.h"

#include "fcgi/calls/changeevents.c"

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

/* Two accounts with a pipeline each, and what the streams' thread knows. */
struct following {
	struct account alice, bob;
	struct config config;
	struct stream_context context;
};

static void
begin(struct world *world, struct following *following)
{
	*following = (struct following){ .alice = world_account(world, "alice"),
		.bob = world_account(world, "bob") };
	following->context = (struct stream_context){
		.config = &following->config, .db = &world->db, .changes_round = 1
	};
	world_pipeline(world, following->alice.id, 1, "continue");
	world_pipeline(world, following->bob.id, 1, "continue");
}

static struct stream
open_stream(const struct account *account, enum eventtext_format format, bool of_everyone)
{
	struct stream stream = { .caller.account = *account,
		.format = format,
		.of_everyone = of_everyone,
		.state = calloc(1, sizeof(struct changeevents)) };

	assert_non_null(stream.state);
	stream.caller.account.admin = of_everyone;
	return stream;
}

/* Returns the next piece. NULL: there is nothing new. */
static struct piece *
next(struct world *world, struct following *following, struct stream *stream)
{
	struct piece *piece = NULL;
	enum stream_next next = changeevents_next(stream, &following->context, &piece, &world->err);

	assert_int_equal(next, piece != NULL ? STREAM_PIECE : STREAM_WAIT);
	return piece;
}

static void
test_streams_at_one_place_share_a_piece(void **state)
{
	struct world *world = *state;
	struct following following;
	struct stream first, second;
	struct piece *piece, *other;

	begin(world, &following);
	first = open_stream(&following.alice, EVENTTEXT_SSE, false);
	second = open_stream(&following.alice, EVENTTEXT_SSE, false);
	for (int round = 0; round < 20; round++) {
		piece = next(world, &following, &first);
		other = next(world, &following, &second);
		assert_non_null(piece);
		assert_ptr_equal(piece, other);
		piece_drop(piece);
		piece_drop(other);
		assert_null(next(world, &following, &first));
		assert_null(next(world, &following, &second));
		following.context.changes_round++;
		world_pipeline(world, following.alice.id, 1, "continue");
	}
	changeevents_clear(&first, &following.context);
	changeevents_clear(&second, &following.context);
	assert_null(following.context.parts);
}

static void
test_a_piece_is_only_for_its_account_form_and_place(void **state)
{
	struct world *world = *state;
	struct following following;
	struct stream streams[5];
	struct piece *pieces[5];

	begin(world, &following);
	streams[0] = open_stream(&following.alice, EVENTTEXT_SSE, false);
	streams[1] = open_stream(&following.bob, EVENTTEXT_SSE, false);
	streams[2] = open_stream(&following.alice, EVENTTEXT_NDJSON, false);
	streams[3] = open_stream(&following.alice, EVENTTEXT_SSE, true);
	streams[4] = open_stream(&following.alice, EVENTTEXT_SSE, false);
	((struct changeevents *)streams[4].state)->removals_after = 1;
	for (size_t i = 0; i < COUNT(streams); i++) {
		pieces[i] = next(world, &following, &streams[i]);
		assert_non_null(pieces[i]);
		for (size_t k = 0; k < i; k++)
			assert_ptr_not_equal(pieces[i], pieces[k]);
	}
	for (size_t i = 0; i < COUNT(streams); i++) {
		piece_drop(pieces[i]);
		changeevents_clear(&streams[i], &following.context);
	}
}

static void
test_a_later_stream_gets_no_old_piece(void **state)
{
	struct world *world = *state;
	struct following following;
	struct stream first, second;
	struct piece *old, *new;

	begin(world, &following);
	first = open_stream(&following.alice, EVENTTEXT_SSE, false);
	old = next(world, &following, &first);
	following.context.changes_round++; /* as when a stream arrives */
	second = open_stream(&following.alice, EVENTTEXT_SSE, false);
	new = next(world, &following, &second);
	assert_non_null(new);
	assert_ptr_not_equal(old, new);
	assert_int_equal(old->references, 1); /* the old one is no longer kept */
	piece_drop(old);
	piece_drop(new);
	changeevents_clear(&first, &following.context);
	changeevents_clear(&second, &following.context);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_streams_at_one_place_share_a_piece),
		test(test_a_piece_is_only_for_its_account_form_and_place),
		test(test_a_later_stream_gets_no_old_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
