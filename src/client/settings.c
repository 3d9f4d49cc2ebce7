/*
 * Reads and writes the server's URL and the API token.
 */
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "userfolder.h"
#include "utf8.h"
#include "write.h"

#define FILE_MOST 8192 /* bytes of the file */
#define URL_MOST  1024 /* bytes of a URL */

#define LOG_IN "run 'kabuto login URL', or set KABUTO_URL and KABUTO_TOKEN"

static bool
settings_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "not enough memory");
}

static void
settings_wipe(char **text)
{
	if (*text != NULL)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void
settings_clear(struct settings *settings)
{
	free(settings->url);
	settings_wipe(&settings->token);
	*settings = (struct settings){ 0 };
}

/* The variable's value; NULL if it is not set or empty. */
static const char *
settings_variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

bool
settings_check_url(const char *text, char **url, struct error *err)
{
	const char *scheme = strstr(text, "://");
	const char *host = scheme != NULL ? scheme + 3 : text;
	size_t length = strlen(text);

	if (scheme != NULL && strncasecmp(text, "http://", 7) != 0 &&
	    strncasecmp(text, "https://", 8) != 0)
		return error_set(err, ERROR_INPUT,
		    "the server's URL must begin with http:// or https://, not '%.*s://'",
		    (int)(scheme - text), text);
	if (strchr(host, '@') != NULL)
		return error_set(err, ERROR_INPUT,
		    "the server's URL must not contain a login or password: kabuto login asks for them");
	if (length > URL_MOST || host[strcspn(host, "?# \\\"'<>`{|}^")] != '\0' ||
	    host[0] == '\0' || strchr("/:.-", host[0]) != NULL)
		return error_set(err, ERROR_INPUT,
		    "'%.200s' is not a server's URL: write it as https://kabuto.example", text);
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
			return error_set(err, ERROR_INPUT,
			    "the server's URL must consist of ASCII characters");
	while (length > (size_t)(host - text) && text[length - 1] == '/')
		length--;
	if (asprintf(url, "%s%.*s", scheme == NULL ? "http://" : "", (int)length, text) < 0)
		return settings_no_memory(err);
	return true;
}

/* The file */

/*
 * Returns the path of the file in $XDG_CONFIG_HOME or ~/.config (without HOME: the home folder of
 * the user database). The caller frees it. NULL with err set: there is none.
 */
static char *
settings_path(struct error *err)
{
	return userfolder_path("XDG_CONFIG_HOME", ".config", "config", err);
}

/* Sets *to to the value of a line. */
static bool
settings_take(char **to, const char *value, struct error *err)
{
	settings_wipe(to);
	*to = strdup(value);
	return *to != NULL || settings_no_memory(err);
}

static bool
settings_read_line(struct settings *settings, char *line, struct error *err)
{
	char *name = line + strspn(line, " \t\r"), *value = strchr(name, '='), *end;

	if (name[0] == '\0' || name[0] == '#')
		return true;
	if (value == NULL)
		return error_set(err, ERROR_INPUT, "is not 'name = value'");
	for (end = value; end > name && strchr(" \t", end[-1]) != NULL; end--)
		continue;
	*end = '\0';
	value += 1 + strspn(value + 1, " \t");
	for (end = value + strlen(value); end > value && strchr(" \t\r", end[-1]) != NULL; end--)
		continue;
	*end = '\0';
	if (strcmp(name, "url") == 0)
		return settings_take(&settings->url, value, err);
	if (strcmp(name, "token") == 0)
		return settings_take(&settings->token, value, err);
	return error_set(err, ERROR_INPUT, "the name '%.40s' is unknown; url and token are known",
	    name);
}

static bool
settings_read_text(struct settings *settings, char *text, const char *path, struct error *err)
{
	char *rest = text, *line;

	for (int number = 1; (line = strsep(&rest, "\n")) != NULL; number++)
		if (!settings_read_line(settings, line, err))
			return error_wrap(err, "%s, line %d", path, number);
	return true;
}

/* Opens the file if only its owner may read it. *fd is -1 if it does not exist. */
static bool
settings_open(const char *path, int *fd, struct error *err)
{
	struct stat st;

	*fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (*fd < 0)
		return errno == ENOENT || errno == ENOTDIR || error_errno(err, "open '%s'", path);
	if (fstat(*fd, &st) < 0)
		return error_errno(err, "open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERROR_INPUT, "'%s' is not a file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return error_set(err, ERROR_INPUT,
		    "'%s' belongs to another user, who may read the token: remove it and run kabuto login",
		    path);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return error_set(err, ERROR_INPUT,
		    "'%s' contains a token, and others may read it: run 'chmod 600 %s'", path,
		    path);
	return true;
}

/* Reads the file. The settings stay empty if it does not exist. */
static bool
settings_read_file(struct settings *settings, struct error *err)
{
	cleanup_free char *path = settings_path(err);
	cleanup_close int fd = -1;
	char text[FILE_MOST + 1];
	ssize_t length;
	bool done;

	if (path == NULL || !settings_open(path, &fd, err))
		return false;
	if (fd < 0)
		return true;
	length = read(fd, text, sizeof text);
	if (length < 0)
		return error_errno(err, "read '%s'", path);
	if (length > FILE_MOST || memchr(text, '\0', (size_t)length) != NULL)
		return error_set(err, ERROR_INPUT, "'%s' is not a file that kabuto login wrote",
		    path);
	text[length] = '\0';
	done = settings_read_text(settings, text, path, err);
	explicit_bzero(text, sizeof text);
	return done;
}

bool
settings_check_token(const char *token, struct error *err)
{
	for (const char *c = token; *c != '\0'; c++)
		if (*c <= 0x20 || *c >= 0x7f)
			return error_set(err, ERROR_INPUT,
			    "the token contains a space or control character: run kabuto login, or set KABUTO_TOKEN again");
	return true;
}

/* Replaces what the file says by the environment. */
static bool
settings_read_environment(struct settings *settings, struct error *err)
{
	const char *url = settings_variable("KABUTO_URL");
	const char *token = settings_variable("KABUTO_TOKEN");
	char *checked;

	if (url != NULL) {
		if (!settings_check_url(url, &checked, err))
			return error_wrap(err, "KABUTO_URL");
		if (settings->url == NULL || strcmp(settings->url, checked) != 0)
			settings_wipe(&settings->token);
		free(settings->url);
		settings->url = checked;
	}
	settings->token_of_environment = token != NULL;
	return token == NULL || settings_take(&settings->token, token, err);
}

/* Replaces the URL of the file by what settings_check_url makes of it. */
static bool
settings_check(struct settings *settings, struct error *err)
{
	char *checked;

	if (settings->url == NULL || settings->url[0] == '\0')
		return true;
	if (!settings_check_url(settings->url, &checked, err))
		return error_wrap(err, "url in the file that kabuto login wrote");
	free(settings->url);
	settings->url = checked;
	return true;
}

bool
settings_read(struct settings *settings, struct error *err)
{
	bool whole =
	    settings_variable("KABUTO_URL") != NULL && settings_variable("KABUTO_TOKEN") != NULL;

	*settings = (struct settings){ 0 };
	/* The file does not matter, and may be wrong or unreadable, if both variables are set. */
	if ((whole || (settings_read_file(settings, err) && settings_check(settings, err))) &&
	    settings_read_environment(settings, err) &&
	    (settings->url != NULL || error_set(err, ERROR_INPUT, "no server is known: " LOG_IN)) &&
	    (settings->token == NULL || settings_check_token(settings->token, err)))
		return true;
	settings_clear(settings);
	return false;
}

/* Writes the new file beside the old one and renames it. */
static bool
settings_replace(const char *path, const char *text, struct error *err)
{
	cleanup_free char *part = NULL;
	int fd;

	if (asprintf(&part, "%s.XXXXXX", path) < 0)
		return settings_no_memory(err);
	fd = mkostemp(part, O_CLOEXEC); /* makes it with mode 0600 */
	if (fd < 0)
		return error_errno(err, "write '%s'", path);
	if (!write_whole(fd, text, strlen(text)) || fsync(fd) < 0) {
		error_errno(err, "write '%s'", path);
		(void)close(fd);
		(void)unlink(part);
		return false;
	}
	if (close(fd) == 0 && rename(part, path) == 0)
		return true;
	error_errno(err, "write '%s'", path);
	(void)unlink(part);
	return false;
}

bool
settings_write(const char *url, const char *token, struct error *err)
{
	cleanup_free char *path = settings_path(err), *text = NULL, *target = NULL;
	bool done;

	if (path == NULL || !settings_check_token(token, err) || !userfolder_make(path, err))
		return false;
	if (asprintf(&text,
		"# The server and the API token of kabuto(1). Keep it private.\nurl = %s\ntoken = %s\n",
		url, token) < 0)
		return settings_no_memory(err);
	target = realpath(path, NULL); /* a link stays, and what it leads to is replaced */
	done = settings_replace(target != NULL ? target : path, text, err);
	explicit_bzero(text, strlen(text));
	return done;
}
