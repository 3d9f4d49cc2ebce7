/*
 * The table of media types. A text is taken for UTF-8, whatever its bytes are: programs of today
 * write it, and a browser would take a text without charset for Windows-1252.
 */
#include "mediatype.h"

#include <string.h>
#include <strings.h>

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

/* Whether the parameters of a media range, up to its comma, have a quality of 0. */
static bool
mediatype_is_refused(const char *parameters)
{
	for (; *parameters == ';'; parameters += strcspn(parameters, ";,")) {
		parameters += 1 + strspn(parameters + 1, " \t");
		if (strncasecmp(parameters, "q=0", 3) == 0) {
			parameters += 3;
			parameters += strspn(parameters, ".0");
			return strchr(";, \t", *parameters) != NULL; /* also at the end: its NUL */
		}
	}
	return false;
}

bool
mediatype_accepts(const char *accept, const char *type)
{
	size_t length = strlen(type);

	while (*accept != '\0') {
		const char *end;

		accept += strspn(accept, " \t,");
		end = accept + strcspn(accept, ";,");
		if (strncasecmp(accept, type, length) == 0 &&
		    accept + length + strspn(accept + length, " \t") == end &&
		    !mediatype_is_refused(end))
			return true;
		accept += strcspn(accept, ",");
	}
	return false;
}
