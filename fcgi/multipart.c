/*
 * Parses multipart/form-data. The parser holds a window on the body. Each state consumes bytes from
 * the window's beginning, or waits for more bytes.
 */
#include "multipart.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "urlencoded.h"

static bool
multipart_broken(struct error *err, const char *what)
{
	return error_set(err, ERROR_INPUT, "broken multipart/form-data: %s", what);
}

/*
 * Returns a parameter's value from a header ("form-data; name=x; filename=\"y\""). The caller frees
 * it. NULL: the parameter is missing, or, with errno ENOMEM, no memory. In quotes a backslash
 * escapes a quote or a backslash (RFC 9110, section 5.6.4), as curl and requests write them.
 */
static char *
multipart_header_parameter(const char *header, const char *name)
{
	size_t length = strlen(name);
	const char *at = header;

	errno = 0; /* so that ENOMEM means no memory, and 0 a missing parameter */
	while ((at = strchr(at, ';')) != NULL) {
		bool wanted;
		char *value, *to;

		at += 1 + strspn(at + 1, " \t");
		wanted = strncasecmp(at, name, length) == 0 && at[length] == '=';
		at += strcspn(at, "=;\"");
		if (*at != '=')
			continue;
		at++;
		value = to = malloc(strlen(at) + 1);
		if (value == NULL)
			return NULL;
		if (*at == '"') {
			for (at++; *at != '\0' && *at != '"'; at++) {
				if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
					at++;
				*to++ = *at;
			}
		} else {
			while (*at != '\0' && *at != ';' && !isspace((unsigned char)*at))
				*to++ = *at++;
		}
		*to = '\0';
		if (wanted)
			return value;
		free(value);
	}
	return NULL;
}

/*
 * Decodes the three escapes that browsers use in names (WHATWG HTML standard, section 4.10.21.8).
 */
static void
multipart_unescape_form_name(char *name)
{
	char *to = name;

	while (*name != '\0') {
		if (strncasecmp(name, "%22", 3) == 0 || strncasecmp(name, "%0d", 3) == 0 ||
		    strncasecmp(name, "%0a", 3) == 0) {
			*to++ = (char)strtol((char[]){ name[1], name[2], '\0' }, NULL, 16);
			name += 3;
		} else {
			*to++ = *name++;
		}
	}
	*to = '\0';
}

/*
 * Returns the file name from "filename*=utf-8''a%20b" (RFC 8187), which some clients send although
 * RFC 7578 forbids it. The caller frees it. NULL: missing, not UTF-8, or no memory.
 */
static char *
multipart_extended_filename(const char *header)
{
	char *value = multipart_header_parameter(header, "filename*");
	size_t charset = strlen("utf-8'"), length;
	char *language_end;

	if (value != NULL && strncasecmp(value, "utf-8'", charset) == 0 &&
	    (language_end = strchr(value + charset, '\'')) != NULL) {
		memmove(value, language_end + 1, strlen(language_end + 1) + 1);
		length = urlencoded_decode(value, strlen(value), false);
		for (size_t i = 0; i < length; i++)
			if (value[i] == '\0')
				value[i] = '\1'; /* later refused; a NUL would cut the name short */
		return value;
	}
	free(value);
	return NULL;
}

struct word {
	char *text;
	size_t length;
};

static bool
multipart_take_decoded(void *context, const char *data, size_t length, struct error *err)
{
	struct word *word = context;

	(void)err;
	memcpy(word->text + word->length, data, length);
	word->length += length;
	return true;
}

/*
 * Decodes a file name that is one encoded word in UTF-8 (RFC 2047), "=?utf-8?B?...?=" or "?Q?".
 * .NET and PowerShell write names so that are not ASCII. Any other name stays as it is.
 */
static void
multipart_decode_word(char *name)
{
	static const char begin[] = "=?utf-8?";
	size_t skip = sizeof begin - 1 + 2, length = strlen(name);
	struct transferdecoder decoder = { 0 };
	struct word word = { 0 };
	struct error ignored;
	cleanup_free char *copy = NULL;

	if (length < skip + 2 || strncasecmp(name, begin, sizeof begin - 1) != 0 ||
	    strchr("BbQq", name[skip - 2]) == NULL || name[skip - 1] != '?' ||
	    strcspn(name + skip, "?") + skip != length - 2 || name[length - 1] != '=')
		return;
	decoder.encoding = strchr("Bb", name[skip - 2]) != NULL ? TRANSFERENCODING_BASE64
								: TRANSFERENCODING_QUOTED_PRINTABLE;
	copy = strdup(name + skip);
	word.text = malloc(2 * length);
	if (copy == NULL || word.text == NULL) {
		free(word.text);
		return;
	}
	for (char *at = copy; decoder.encoding != TRANSFERENCODING_BASE64 && *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
	if (transferencoding_feed(&decoder, copy, length - 2 - skip, multipart_take_decoded, &word,
		&ignored) &&
	    transferencoding_end(&decoder, multipart_take_decoded, &word, &ignored) &&
	    word.length > 0 && word.length < length &&
	    memchr(word.text, '\0', word.length) == NULL) {
		memcpy(name, word.text, word.length);
		name[word.length] = '\0';
	}
	free(word.text);
}

static void
multipart_part_clear(struct multipart_part *part)
{
	free(part->name);
	free(part->filename);
	*part = (struct multipart_part){ 0 };
}

static bool
multipart_quotes_end(const char *header)
{
	bool quoted = false;

	for (; *header != '\0'; header++)
		if (quoted && *header == '\\' && (header[1] == '"' || header[1] == '\\'))
			header++;
		else if (*header == '"')
			quoted = !quoted;
	return !quoted;
}

static bool
multipart_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "read a part's headers: not enough memory");
}

/* field: the name of the part around this one, if there is one; it holds instead of a name here. */
static bool
multipart_read_disposition(struct multipart_part *part, const char *header, const char *field,
    struct error *err)
{
	if (!multipart_quotes_end(header))
		return multipart_broken(err, "a part's Content-Disposition has an unclosed quote");
	errno = 0;
	part->name = field != NULL ? strdup(field) : multipart_header_parameter(header, "name");
	if (part->name == NULL)
		return errno == ENOMEM ? multipart_no_memory(err)
				       : multipart_broken(err, "a part has no name");
	if (field == NULL)
		multipart_unescape_form_name(part->name);
	errno = 0;
	part->filename = multipart_extended_filename(header);
	if (part->filename == NULL) {
		part->filename = multipart_header_parameter(header, "filename");
		if (part->filename != NULL) {
			multipart_unescape_form_name(part->filename);
			multipart_decode_word(part->filename);
		}
	}
	/* Without the check for memory, a file would be treated as a text. */
	return part->filename != NULL || errno != ENOMEM || multipart_no_memory(err);
}

/* The headers of a part that are used. They point into the window. NULL: not sent. */
struct head {
	const char *disposition, *type, *transfer_encoding, *encoding;
};

/* If the line is the header `name` and *value is not set yet, sets it. */
static void
multipart_read_line(const char *line, const char *name, const char **value)
{
	size_t length = strlen(name);

	if (*value == NULL && strncasecmp(line, name, length) == 0 && line[length] == ':')
		*value = line + length + 1 + strspn(line + length + 1, " \t");
}

/* Splits a part's headers. Each ends with CRLF; a line that begins with white space continues one.
 */
static struct head
multipart_split_head(char *text, size_t length)
{
	struct head head = { 0 };
	char *end = text + length;

	while (text < end) {
		char *line_end = memmem(text, (size_t)(end - text), "\r\n", 2);

		while (line_end != NULL && end - line_end > 2 &&
		    (line_end[2] == ' ' || line_end[2] == '\t')) {
			memcpy(line_end, "  ", 2);
			line_end = memmem(line_end, (size_t)(end - line_end), "\r\n", 2);
		}
		if (line_end == NULL)
			line_end = end;
		*line_end = '\0';
		multipart_read_line(text, "Content-Disposition", &head.disposition);
		multipart_read_line(text, "Content-Type", &head.type);
		multipart_read_line(text, "Content-Transfer-Encoding", &head.transfer_encoding);
		multipart_read_line(text, "Content-Encoding", &head.encoding);
		text = line_end + 2;
	}
	return head;
}

/* Begins the parser of a part that contains several files. */
static bool
multipart_begin_inner(struct multipart *mp, const char *content_type, struct error *err)
{
	if (mp->field != NULL)
		return multipart_broken(err, "a part of multipart/mixed contains another one");
	mp->inner = malloc(sizeof *mp->inner);
	if (mp->inner == NULL)
		return multipart_no_memory(err);
	if (!multipart_begin(mp->inner, content_type, &mp->sink, err)) {
		free(mp->inner);
		mp->inner = NULL;
		return false;
	}
	mp->inner->field = mp->part.name;
	return true;
}

/* Reads a part's headers, and begins the part. */
static bool
multipart_begin_part(struct multipart *mp, char *text, size_t length, struct error *err)
{
	static const char mixed[] = "multipart/mixed";
	struct multipart_part *part = &mp->part;
	struct head head;

	if (memchr(text, '\0', length) != NULL)
		return multipart_broken(err, "a part's headers contain a NUL byte");
	head = multipart_split_head(text, length);
	if (head.disposition == NULL)
		return multipart_broken(err, "a part has no Content-Disposition");
	if (!multipart_read_disposition(part, head.disposition, mp->field, err))
		return false;
	mp->decoder = (struct transferdecoder){ 0 };
	if (head.transfer_encoding != NULL &&
	    !transferencoding_read(head.transfer_encoding, &mp->decoder.encoding, err))
		return false;
	if (head.encoding != NULL && strcasecmp(head.encoding, "identity") != 0)
		return error_set(err, ERROR_MEDIA_TYPE,
		    "%.64s: a part with the Content-Encoding '%.32s' is not accepted; send it without one",
		    part->name, head.encoding);
	if (head.type != NULL && part->filename == NULL &&
	    strncasecmp(head.type, mixed, sizeof mixed - 1) == 0)
		return multipart_begin_inner(mp, head.type, err);
	return mp->sink.part_begin(mp->sink.context, part, err);
}

bool
multipart_begin(struct multipart *mp, const char *content_type, const struct multipart_sink *sink,
    struct error *err)
{
	cleanup_free char *boundary = multipart_header_parameter(content_type, "boundary");
	size_t length = boundary == NULL ? 0 : strlen(boundary);

	*mp = (struct multipart){ .sink = *sink };
	if (boundary == NULL && errno == ENOMEM)
		return multipart_no_memory(err);
	if (!multipart_quotes_end(content_type) || length == 0 || length > MULTIPART_BOUNDARY_MOST)
		return multipart_broken(err,
		    "the Content-Type header has no valid boundary; do not set this header yourself, "
		    "let the client set it");
	memcpy(mp->delimiter, "\r\n--", 4);
	memcpy(mp->delimiter + 4, boundary, length);
	mp->delimiter_length = length + 4;
	mp->window = malloc(MULTIPART_WINDOW);
	if (mp->window == NULL)
		return error_set(err, ERROR_SYSTEM, "receive a body: not enough memory");
	/* The first delimiter may have no CRLF before it: add one. */
	memcpy(mp->window, "\r\n", 2);
	mp->held = 2;
	return true;
}

static void
multipart_clear_inner(struct multipart *mp)
{
	if (mp->inner == NULL)
		return;
	multipart_part_clear(&mp->inner->part);
	free(mp->inner->window);
	free(mp->inner);
	mp->inner = NULL;
}

void
multipart_clear(struct multipart *mp)
{
	multipart_clear_inner(mp);
	multipart_part_clear(&mp->part);
	free(mp->window);
	mp->window = NULL;
}

static void
multipart_consume(struct multipart *mp, size_t length)
{
	memmove(mp->window, mp->window + length, mp->held - length);
	mp->held -= length;
}

static int
multipart_fail(struct error *err, const char *what)
{
	(void)multipart_broken(err, what);
	return -1;
}

/* Receives a part's bytes after their decoding. */
static bool
multipart_part_data(void *context, const char *data, size_t length, struct error *err)
{
	struct multipart *mp = context;

	return mp->inner != NULL ? multipart_feed(mp->inner, data, length, err)
				 : mp->sink.part_data(mp->sink.context, data, length, err);
}

static bool
multipart_end_part(struct multipart *mp, struct error *err)
{
	if (!transferencoding_end(&mp->decoder, multipart_part_data, mp, err) ||
	    (mp->inner != NULL ? !multipart_end(mp->inner, err)
			       : !mp->sink.part_end(mp->sink.context, err)))
		return false;
	multipart_clear_inner(mp);
	multipart_part_clear(&mp->part);
	return true;
}

/* Each step function returns 1 if it consumed bytes, 0 if it needs more bytes, -1 on error. */
static int
multipart_step_to_delimiter(struct multipart *mp, bool body, struct error *err)
{
	char *found = memmem(mp->window, mp->held, mp->delimiter, mp->delimiter_length);
	size_t before = found != NULL          ? (size_t)(found - mp->window)
	    : mp->held >= mp->delimiter_length ? mp->held - mp->delimiter_length + 1
					       : 0;

	if (body && before > 0 &&
	    !transferencoding_feed(&mp->decoder, mp->window, before, multipart_part_data, mp, err))
		return -1;
	multipart_consume(mp, before + (found != NULL ? mp->delimiter_length : 0));
	if (found == NULL)
		return 0;
	if (body && !multipart_end_part(mp, err))
		return -1;
	mp->state = MULTIPART_DELIMITED;
	return 1;
}

/* Reads the text after a delimiter: "--" ends the body; white space and CRLF begin a part. */
static int
multipart_step_delimited(struct multipart *mp, struct error *err)
{
	size_t space = 0;

	if (mp->held < 2)
		return 0;
	if (memcmp(mp->window, "--", 2) == 0) {
		mp->state = MULTIPART_EPILOGUE;
		return 1;
	}
	while (space < mp->held && (mp->window[space] == ' ' || mp->window[space] == '\t'))
		space++;
	if (space > MULTIPART_HEAD_MOST)
		return multipart_fail(err, "a boundary's line is too long");
	if (mp->held < space + 2)
		return 0;
	if (mp->window[space] == '\n')
		return multipart_fail(err,
		    "its lines end with LF; end each line of a part's headers and of a boundary with CR LF, or let a library write the body");
	if (memcmp(mp->window + space, "\r\n", 2) != 0)
		return multipart_fail(err, "a boundary is followed by unexpected text");
	multipart_consume(mp, space + 2);
	mp->state = MULTIPART_HEAD;
	return 1;
}

static int
multipart_step_head(struct multipart *mp, struct error *err)
{
	char *end = memmem(mp->window, mp->held, "\r\n\r\n", 4);
	size_t length = end != NULL ? (size_t)(end - mp->window) : mp->held;

	if (mp->held >= 2 && memcmp(mp->window, "\r\n", 2) == 0)
		return multipart_fail(err, "a part has no Content-Disposition");
	/* Without the end, up to three bytes in the window may be the end's first bytes. */
	if (length > (size_t)MULTIPART_HEAD_MOST + (end != NULL ? 0 : 3))
		return multipart_fail(err, "a part's headers are too long");
	if (end == NULL)
		return 0;
	if (!multipart_begin_part(mp, mp->window, length, err))
		return -1;
	multipart_consume(mp, length + 4);
	mp->state = MULTIPART_BODY;
	return 1;
}

static int
multipart_step(struct multipart *mp, struct error *err)
{
	switch (mp->state) {
	case MULTIPART_PREAMBLE:
		return multipart_step_to_delimiter(mp, false, err);
	case MULTIPART_DELIMITED:
		return multipart_step_delimited(mp, err);
	case MULTIPART_HEAD:
		return multipart_step_head(mp, err);
	case MULTIPART_BODY:
		return multipart_step_to_delimiter(mp, true, err);
	case MULTIPART_EPILOGUE:
		mp->held = 0;
		return 0;
	}
	return 0;
}

bool
multipart_feed(struct multipart *mp, const char *data, size_t length, struct error *err)
{
	while (length > 0) {
		size_t taken = MULTIPART_WINDOW - mp->held;
		int went;

		if (taken > length)
			taken = length;
		memcpy(mp->window + mp->held, data, taken);
		mp->held += taken;
		data += taken;
		length -= taken;
		while ((went = multipart_step(mp, err)) == 1)
			continue;
		if (went < 0)
			return false;
	}
	return true;
}

bool
multipart_end(struct multipart *mp, struct error *err)
{
	if (mp->state == MULTIPART_PREAMBLE)
		return multipart_broken(err,
		    "the body does not contain the boundary that its Content-Type header names; do not set this header yourself, let the client set it; or was the upload cut off?");
	if (mp->state != MULTIPART_EPILOGUE)
		return multipart_broken(err,
		    "the body ends before its last boundary; was the upload cut off?");
	return true;
}
