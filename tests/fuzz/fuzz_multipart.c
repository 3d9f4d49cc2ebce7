/*
 * multipart/form-data: what the sink gets does not depend on how the body was cut, and a sink that
 * refuses is left alone. Input: a seed for the cuts, the call that the sink refuses (0: none), the
 * Content-Type up to a newline, the body.
 */
#include "fuzz.h"

#include "fcgi/multipart.h"

struct heard {
	struct record record;
	size_t data; /* bytes of the parts' bodies */
	unsigned calls, refused;
	bool inside, over;
};

static bool
call(struct heard *heard, struct error *err)
{
	assert(!heard->over);
	heard->over = ++heard->calls == heard->refused;
	return !heard->over || error_set(err, ERROR_INPUT, "refused");
}

static bool
part_begin(void *context, const struct multipart_part *part, struct error *err)
{
	struct heard *heard = context;

	assert(!heard->inside && part->name != NULL);
	heard->inside = true;
	record_add(&heard->record, "begin", 5);
	record_add_text(&heard->record, part->name);
	record_add_text(&heard->record, part->filename != NULL ? part->filename : "\1none");
	return call(heard, err);
}

static bool
part_data(void *context, const char *data, size_t length, struct error *err)
{
	struct heard *heard = context;

	assert(heard->inside && !heard->over && length > 0);
	heard->data += length;
	record_add(&heard->record, data, length);
	(void)err;
	return true;
}

static bool
part_end(void *context, struct error *err)
{
	struct heard *heard = context;

	assert(heard->inside);
	heard->inside = false;
	record_add(&heard->record, "end", 4);
	return call(heard, err);
}

/* The whole body at once where cuts is NULL. */
static bool
parse(struct heard *heard, const char *content_type, const char *body, size_t length,
    struct cuts *cuts, struct error *err)
{
	const struct multipart_sink sink = { part_begin, part_data, part_end, heard };
	struct multipart mp;
	bool done = true;

	if (!multipart_begin(&mp, content_type, &sink, err))
		return false;
	for (size_t at = 0; done && at < length;) {
		size_t size = cuts == NULL ? length : cuts_next(cuts, length - at);
		cleanup_free char *piece = malloc(size);

		assert(piece != NULL);
		memcpy(piece, body + at, size);
		done = multipart_feed(&mp, piece, size, err);
		at += size;
	}
	done = done && multipart_end(&mp, err);
	multipart_clear(&mp);
	return done;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct cuts cuts = cuts_of(input_byte(&input));
	unsigned refused = input_byte(&input);
	const uint8_t *newline = input.size == 0 ? NULL : memchr(input.data, '\n', input.size);
	cleanup_free char *content_type =
	    input_text(&input, newline == NULL ? input.size : (size_t)(newline - input.data));
	struct heard whole = { .refused = refused }, pieces = { .refused = refused };
	struct error whole_err = { .kind = ERROR_NONE }, pieces_err = { .kind = ERROR_NONE };
	bool done, same;

	(void)input_byte(&input);
	done = parse(&whole, content_type, (const char *)input.data, input.size, NULL, &whole_err);
	same = parse(&pieces, content_type, (const char *)input.data, input.size, &cuts,
		   &pieces_err) == done;
	assert(same && strcmp(whole_err.text, pieces_err.text) == 0);
	assert(record_same(&whole.record, &pieces.record));
	assert(!done || !whole.inside);
	assert(whole.data <= input.size);
	free(whole.record.bytes);
	free(pieces.record.bytes);
	return 0;
}
