/*
 * The table of media types. A text is taken for UTF-8, whatever its bytes are: programs of today
 * write it, and a browser would take a text without charset for Windows-1252.
 */
#include "mediatype.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <sys/param.h>

#define TEXT(type) type "; charset=utf-8"

/* The names are of IANA's registry of media types. */
static const struct {
	const char *ending;
	const char *type;
} types[] = {
	{ "avif", "image/avif" },
	{ "bmp", "image/bmp" },
	{ "cfg", TEXT("text/plain") },
	{ "css", TEXT("text/css") },
	{ "csv", TEXT("text/csv") },
	{ "geojson", TEXT("application/json") },
	{ "gif", "image/gif" },
	{ "htm", TEXT("text/html") },
	{ "html", TEXT("text/html") },
	{ "ico", "image/vnd.microsoft.icon" },
	{ "ini", TEXT("text/plain") },
	{ "ipynb", TEXT("application/json") },
	{ "jpeg", "image/jpeg" },
	{ "jpg", "image/jpeg" },
	{ "js", TEXT("text/javascript") },
	{ "json", TEXT("application/json") },
	{ "log", TEXT("text/plain") },
	{ "map", TEXT("application/json") },
	{ "md", TEXT("text/plain") },
	{ "mjs", TEXT("text/javascript") },
	{ "mp3", "audio/mpeg" },
	{ "mp4", "video/mp4" },
	{ "ogg", "audio/ogg" },
	{ "otf", "font/otf" },
	{ "pdf", "application/pdf" },
	{ "png", "image/png" },
	{ "py", TEXT("text/plain") },
	{ "r", TEXT("text/plain") },
	{ "rst", TEXT("text/plain") },
	{ "sh", TEXT("text/plain") },
	{ "svg", "image/svg+xml" },
	{ "toml", TEXT("text/plain") },
	{ "tsv", TEXT("text/tab-separated-values") },
	{ "ttf", "font/ttf" },
	{ "txt", TEXT("text/plain") },
	{ "wasm", "application/wasm" },
	{ "wav", "audio/wav" },
	{ "webm", "video/webm" },
	{ "webp", "image/webp" },
	{ "woff", "font/woff" },
	{ "woff2", "font/woff2" },
	{ "xml", "application/xml" },
	{ "yaml", TEXT("text/plain") },
	{ "yml", TEXT("text/plain") },
};

const char *
mediatype_of(const char *name)
{
	const char *slash = strrchr(name, '/'), *dot = strrchr(slash != NULL ? slash : name, '.');

	for (size_t i = 0; dot != NULL && i < sizeof types / sizeof types[0]; i++)
		if (strcasecmp(dot + 1, types[i].ending) == 0)
			return types[i].type;
	return "application/octet-stream";
}

bool
mediatype_is_picture(const char *type)
{
	return strncmp(type, "image/", strlen("image/")) == 0;
}

/* Returns the quality that the parameters of a media range, up to its comma, have (1000: none). */
static int
mediatype_quality_of(const char *parameters)
{
	for (; *parameters == ';'; parameters += strcspn(parameters, ";,")) {
		int quality = 0;

		parameters += 1 + strspn(parameters + 1, " \t");
		if (strncasecmp(parameters, "q=0", 3) != 0)
			continue; /* 1 is the highest quality, and the default */
		parameters += 3;
		parameters += *parameters == '.';
		for (int place = 100; place > 0 && isdigit((unsigned char)*parameters); place /= 10)
			quality += (*parameters++ - '0') * place;
		return quality;
	}
	return 1000;
}

int
mediatype_quality(const char *accept, const char *range)
{
	size_t length = strlen(range);
	int best = 0;

	while (*accept != '\0') {
		const char *end;

		accept += strspn(accept, " \t,");
		end = accept + strcspn(accept, ";,");
		if (strncasecmp(accept, range, length) == 0 &&
		    accept + length + strspn(accept + length, " \t") == end)
			best = MAX(best, mediatype_quality_of(end));
		accept += strcspn(accept, ",");
	}
	return best;
}

bool
mediatype_accepts(const char *accept, const char *type)
{
	return mediatype_quality(accept, type) > 0;
}
