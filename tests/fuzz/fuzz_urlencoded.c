/*
 * Forms and percent-encoding: what is decoded is never longer than it was, lies where it was, and
 * decoding what was encoded again gives the same. Input: whether + is a space, the form.
 */
#include "fuzz.h"

#include "fcgi/urlencoded.h"

struct form {
	const char *begin, *end;
	size_t bytes, pairs;
};

static bool
visit(void *context, const char *name, const char *value, size_t length, struct error *err)
{
	struct form *form = context;

	assert(name >= form->begin && name + strlen(name) <= form->end);
	assert(length == 0 || (value >= form->begin && value + length <= form->end));
	assert(value[length] == '\0');
	form->bytes += strlen(name) + length;
	form->pairs++;
	(void)err;
	return true;
}

static void
check_form(const uint8_t *data, size_t size)
{
	cleanup_free char *text = malloc(size + 1);
	struct form form = { text, text + size, 0, 0 };
	size_t most = 1;
	struct error err;

	assert(text != NULL);
	for (size_t i = 0; i < size; i++)
		most += data[i] == '&';
	memcpy(text, data, size);
	text[size] = '\0';
	assert(urlencoded_each(text, size, visit, &form, &err));
	assert(form.bytes <= size && form.pairs <= most);
}

static void
check_decoding(const uint8_t *data, size_t size, bool plus)
{
	cleanup_free char *text = malloc(size + 1), *again = malloc(size * 3 + 1);
	size_t length;

	assert(text != NULL && again != NULL);
	memcpy(text, data, size);
	length = urlencoded_decode(text, size, plus);
	assert(length <= size && text[length] == '\0');
	for (size_t i = 0; i < length; i++)
		sprintf(again + i * 3, "%%%02x", (unsigned char)text[i]);
	assert(urlencoded_decode(again, length * 3, plus) == length);
	assert(memcmp(text, again, length) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	bool plus = (input_byte(&input) & 1) != 0;

	check_form(input.data, input.size);
	check_decoding(input.data, input.size, plus);
	return 0;
}
