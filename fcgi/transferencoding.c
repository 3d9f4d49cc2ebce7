/*
 * Decodes base64 and quoted-printable. A group of characters that is cut by the end of a piece is
 * held until its rest comes: four characters of base64, three of quoted-printable ("=3D").
 */
#include "transferencoding.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define DECODED_MOST 4096 /* bytes that are passed on at a time */

/* Decoded bytes that have not been passed on yet. */
struct decoded {
	char bytes[DECODED_MOST];
	size_t count;
};

bool
transferencoding_read(const char *value, enum transferencoding *encoding, struct error *err)
{
	static const struct {
		const char *name;
		enum transferencoding encoding;
	} known[] = {
		{ "7bit", TRANSFERENCODING_NONE },
		{ "8bit", TRANSFERENCODING_NONE },
		{ "binary", TRANSFERENCODING_NONE },
		{ "base64", TRANSFERENCODING_BASE64 },
		{ "quoted-printable", TRANSFERENCODING_QUOTED_PRINTABLE },
	};
	size_t length;

	value += strspn(value, " \t");
	length = strcspn(value, " \t;");
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strlen(known[i].name) == length &&
		    strncasecmp(value, known[i].name, length) == 0) {
			*encoding = known[i].encoding;
			return true;
		}
	return error_set(err, ERROR_INPUT,
	    "a part has the Content-Transfer-Encoding '%.32s', which is unknown: send the part as binary, "
	    "base64 or quoted-printable",
	    value);
}

/* Returns the six bits of a character of base64 (RFC 4648, section 4); -1: it is none. */
static int
transferencoding_sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void
transferencoding_put(struct decoded *to, int byte)
{
	to->bytes[to->count++] = (char)byte;
}

/* Decodes the characters that are held: two to four give one to three bytes. */
static void
transferencoding_decode_group(struct transferdecoder *decoder, struct decoded *to)
{
	int bits[4] = { 0 };

	for (size_t i = 0; i < decoder->count; i++)
		bits[i] = transferencoding_sextet(decoder->held[i]);
	transferencoding_put(to, bits[0] << 2 | bits[1] >> 4);
	if (decoder->count > 2)
		transferencoding_put(to, bits[1] << 4 | bits[2] >> 2);
	if (decoder->count > 3)
		transferencoding_put(to, bits[2] << 6 | bits[3]);
	decoder->count = 0;
}

static bool
transferencoding_broken_base64(struct error *err)
{
	return error_set(err, ERROR_INPUT,
	    "broken multipart/form-data: a part is not valid base64, although its "
	    "Content-Transfer-Encoding says so");
}

/* White space separates lines. One or two "=" end the text. */
static bool
transferencoding_add_base64(struct transferdecoder *decoder, char c, struct decoded *to,
    struct error *err)
{
	if (isspace((unsigned char)c))
		return true;
	if (c == '=') {
		if (decoder->count >= 2)
			transferencoding_decode_group(decoder, to);
		else if (!decoder->padded)
			return transferencoding_broken_base64(err);
		decoder->padded = true;
		return true;
	}
	if (decoder->padded || transferencoding_sextet(c) < 0)
		return transferencoding_broken_base64(err);
	decoder->held[decoder->count++] = c;
	if (decoder->count == 4)
		transferencoding_decode_group(decoder, to);
	return true;
}

static int
transferencoding_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : toupper((unsigned char)c) - 'A' + 10;
}

/* Decodes "=XX", and removes "=" with optional white space at a line's end (a soft line break). */
static bool
transferencoding_add_quoted(struct transferdecoder *decoder, char c, struct decoded *to,
    struct error *err)
{
	char *held = decoder->held;
	bool blank = decoder->count == 2 && held[1] == ' '; /* white space follows the "=" */

	if (decoder->count == 0 && c != '=') {
		transferencoding_put(to, c);
		return true;
	}
	if ((decoder->count == 1 || blank) && isspace((unsigned char)c)) {
		held[1] = ' ';
		decoder->count = c == '\n' ? 0 : 2;
		return true;
	}
	if (decoder->count > 0 && (blank || !isxdigit((unsigned char)c)))
		return error_set(err, ERROR_INPUT,
		    "broken multipart/form-data: a part is not valid quoted-printable, although its "
		    "Content-Transfer-Encoding says so");
	held[decoder->count++] = c;
	if (decoder->count == 3) {
		transferencoding_put(to,
		    transferencoding_digit(held[1]) << 4 | transferencoding_digit(held[2]));
		decoder->count = 0;
	}
	return true;
}

bool
transferencoding_feed(struct transferdecoder *decoder, const char *data, size_t length,
    transferencoding_take *take, void *context, struct error *err)
{
	struct decoded to = { .count = 0 };
	bool good = true;

	if (decoder->encoding == TRANSFERENCODING_NONE)
		return length == 0 || take(context, data, length, err);
	for (size_t i = 0; good && i < length; i++) {
		good = decoder->encoding == TRANSFERENCODING_BASE64
		    ? transferencoding_add_base64(decoder, data[i], &to, err)
		    : transferencoding_add_quoted(decoder, data[i], &to, err);
		if (to.count > DECODED_MOST - 3) {
			if (!take(context, to.bytes, to.count, err))
				return false;
			to.count = 0;
		}
	}
	/* The bytes before a malformed one are passed on, in whatever pieces they came. */
	return (to.count == 0 || take(context, to.bytes, to.count, err)) && good;
}

/* Some encoders leave the padding of base64 out. */
bool
transferencoding_end(struct transferdecoder *decoder, transferencoding_take *take, void *context,
    struct error *err)
{
	struct decoded to = { .count = 0 };

	if (decoder->encoding == TRANSFERENCODING_BASE64) {
		if (decoder->count == 1)
			return transferencoding_broken_base64(err);
		if (decoder->count > 1)
			transferencoding_decode_group(decoder, &to);
	} else if (decoder->count == 2 && decoder->held[1] != ' ') {
		return error_set(err, ERROR_INPUT,
		    "broken multipart/form-data: a part ends within a character of quoted-printable");
	}
	return to.count == 0 || take(context, to.bytes, to.count, err);
}
