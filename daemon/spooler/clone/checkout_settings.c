/*
 * Writes gitconfig (git-config(1)) and hgrc (hgrc(5)): the proxy, the password, and no other
 * setting that a repository could use.
 */
#include "checkout_settings.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

/*
 * Appends to the file name in the checkout's folder; creates the file if needed. The files hold
 * passwords.
 */
static bool __attribute__((format(printf, 4, 5))) checkout_settings_append_settings(int folder,
    const char *name, struct error *err, const char *format, ...)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	va_list arguments;
	int length;
	bool closed;

	if (fd < 0)
		return error_errno(err, "make '%s' of a checkout", name);
	va_start(arguments, format);
	length = vdprintf(fd, format, arguments);
	va_end(arguments);
	closed = close(fd) == 0;
	return (length >= 0 && closed) || error_errno(err, "write '%s' of a checkout", name);
}

static bool
checkout_settings_append_hg_password(const struct checkout_url *url, int folder, struct error *err)
{
	return url->user[0] == '\0' ||
	    checkout_settings_append_settings(folder, "hgrc", err,
		"[auth]\n"
		"repository.prefix = %s%s%s\n"
		"repository.schemes = https http\n"
		"repository.username = %s\n"
		"repository.password = %s\n",
		url->host, url->port[0] != '\0' ? ":" : "", url->port, url->user, url->password);
}

/*
 * Basic authentication (RFC 7617, section 2). libcurl does not send it to another host after a
 * redirect.
 */
static bool
checkout_settings_append_git_password(const struct checkout_url *url, int folder, struct error *err)
{
	char both[2 * CHECKOUT_USER],
	    encoded[sodium_base64_ENCODED_LEN(sizeof both, sodium_base64_VARIANT_ORIGINAL)];

	if (url->user[0] == '\0')
		return true;
	snprintf(both, sizeof both, "%s:%s", url->user, url->password);
	sodium_bin2base64(encoded, sizeof encoded, (const unsigned char *)both, strlen(both),
	    sodium_base64_VARIANT_ORIGINAL);
	return checkout_settings_append_settings(folder, "gitconfig", err,
	    "[http]\n"
	    "\textraHeader = Authorization: Basic %s\n",
	    encoded);
}

/*
 * hgrc(5). hg uses urllib, which also supports ftp, has no proxy for it, and follows a redirect to
 * it. An extension of one line removes ftp.
 */
static bool
checkout_settings_write_hgrc(const struct checkout_settings *settings, int folder,
    struct error *err)
{
	return checkout_settings_append_settings(folder, "only_http.py", err,
		   "import urllib.request\n"
		   "del urllib.request.FTPHandler.ftp_open\n") &&
	    checkout_settings_append_settings(folder, "hgrc", err,
		"[http_proxy]\n"
		"host = 127.0.0.1:%u\n"
		"user = " PROXY_USER "\n"
		"passwd = %s\n"
		"always = True\n"
		"no =\n"
		"[ui]\n"
		"ssh = %s\n"
		"clonebundles = False\n"
		"[subrepos]\n"
		"allowed = False\n"
		"[extensions]\n"
		"only_http = %s/only_http.py\n"
		"only_http:required = yes\n",
		(unsigned)settings->proxy->port, settings->proxy->password, settings->ssh,
		settings->path);
}

bool
checkout_settings_write(const struct checkout_settings *settings, struct error *err)
{
	const char *path = settings->path;
	cleanup_close int folder = -1;

	if (mkdir(path, 0700) < 0 ||
	    (folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0 ||
	    mkdirat(folder, "tmp", 0700) < 0)
		return error_errno(err, "make the folder of a checkout");
	return checkout_settings_append_settings(folder, "gitconfig", err,
		   "[http]\n"
		   "\tproxy = http://" PROXY_USER ":%s@127.0.0.1:%u\n"
		   "\tproxyAuthMethod = basic\n"
		   "\tfollowRedirects = initial\n"
		   "[core]\n"
		   "\thooksPath = /dev/null\n"
		   "\tfsmonitor = false\n"
		   "[credential]\n"
		   "\thelper =\n"
		   "[transfer]\n"
		   "\tbundleURI = false\n"
		   "[submodule]\n"
		   "\trecurse = false\n"
		   "[fetch]\n"
		   "\trecurseSubmodules = false\n"
		   "[maintenance]\n"
		   "\tauto = false\n",
		   settings->proxy->password, (unsigned)settings->proxy->port) &&
	    checkout_settings_append_git_password(settings->url, folder, err) &&
	    checkout_settings_write_hgrc(settings, folder, err) &&
	    checkout_settings_append_hg_password(settings->url, folder, err);
}
