/*
 * Sends mail by SMTP with libcurl. A mail is composed in memory and then sent over one connection.
 * It is not stored.
 */
#include "mail.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "outbound.h"
#include "log.h"
#include "secret.h"
#include "secretfile.h"

#define TEMPLATE_MOST 65536 /* bytes */

/* The error for the client; the log has the reason. */
static const char not_sent[] =
    "the confirmation mail cannot be sent now; register again in a moment";

bool
mail_address_check(const char *address, struct error *err)
{
	const char *at = strrchr(address, '@');
	bool valid = at != NULL && at != address && at[1] != '\0' &&
	    strpbrk(address, " <>()[],;:\\\"") == NULL && strchr(address, '@') == at;

	for (const char *c = address; valid && *c != '\0'; c++)
		valid = (unsigned char)*c > 0x20 && (unsigned char)*c < 0x7f;
	return valid || error_set(err, ERROR_INPUT, "email: must be an address: name@host");
}

/* Reads the template: a subject, an empty line, a text. The caller frees it. */
static char *
mail_read_template(const struct config *config, struct error *err)
{
	const char *path =
	    config->mail.template[0] != '\0' ? config->mail.template : KABUTO_MAIL_TEMPLATE;
	cleanup_file FILE *file = fopen(path, "re");
	char *text = malloc(TEMPLATE_MOST + 1);
	size_t length;

	if (file == NULL || text == NULL) {
		free(text);
		error_errno(err, "read mail.template '%s'", path);
		return NULL;
	}
	length = fread(text, 1, TEMPLATE_MOST, file);
	if (ferror(file)) {
		error_errno(err, "read mail.template '%s'", path);
		free(text);
		return NULL;
	}
	text[length] = '\0';
	if (strstr(text, "\n\n") != NULL && strlen(text) == length)
		return text;
	free(text);
	error_set(err, ERROR_INPUT,
	    "mail.template '%s' must have a subject line, an empty line and a text", path);
	return NULL;
}

static bool
mail_read_password(const struct config *config, char secret[static SECRET_ROOM], struct error *err)
{
	secret[0] = '\0';
	return config->mail.password_file[0] == '\0' ||
	    secretfile_read(config->mail.password_file, "mail.password_file", secret, err);
}

bool
mail_check(const struct config *config, struct error *err)
{
	cleanup_secret char secret[SECRET_ROOM];
	cleanup_free char *template = NULL;

	if (strcmp(config->registration, "mail") != 0)
		return true;
	template = mail_read_template(config, err);
	return template != NULL && mail_read_password(config, secret, err);
}

/* A placeholder in a template, and its value. */
struct field {
	const char *name, *value;
};

/* Writes the template's text with its placeholders replaced. Lines end with CRLF, as SMTP needs. */
static void
mail_fill_in(FILE *to, const char *text, const struct field *fields)
{
	while (*text != '\0') {
		const struct field *field = fields;

		while (field->name != NULL && strncmp(text, field->name, strlen(field->name)) != 0)
			field++;
		if (field->name != NULL) {
			fputs(field->value, to);
			text += strlen(field->name);
			continue;
		}
		if (*text == '\n')
			fputc('\r', to);
		if (*text != '\r')
			fputc(*text, to);
		text++;
	}
}

/* Writes the headers of an automatic mail (RFC 5322, section 3.6; RFC 3834, section 5). */
static void
mail_write_headers(FILE *to, const struct config *config, const char *address)
{
	const char *host = strrchr(config->mail.from, '@') + 1;
	char date[64], id[NAME_TEXT];
	time_t now = time(NULL);
	struct tm utc;

	secret_make_name(id);
	(void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&now, &utc));
	fprintf(to,
	    "Date: %s\r\nFrom: <%s>\r\nTo: <%s>\r\nMessage-ID: <%s@%.*s>\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
	    "Auto-Submitted: auto-generated\r\n",
	    date, config->mail.from, address, id, (int)strcspn(host, ">"), host);
}

/* Returns the whole mail. The caller frees it. NULL: no memory. */
static char *
mail_make(const struct config *config, const char *template, const char *login, const char *address,
    const char *token)
{
	const char *url = config->mail.url, *body = strstr(template, "\n\n") + 2;
	cleanup_free char *subject = strndup(template, strcspn(template, "\n"));
	cleanup_free char *link = NULL;
	char *text = NULL;
	size_t length, slash = strlen(url) - (url[strlen(url) - 1] == '/');
	FILE *to = open_memstream(&text, &length);

	if (to == NULL || subject == NULL ||
	    asprintf(&link, "%.*s/register/confirm/%s/%s", (int)slash, url, login, token) < 0) {
		if (to != NULL)
			(void)fclose(to);
		free(text);
		return NULL;
	}
	{
		const struct field fields[] = { { "{login}", login }, { "{token}", token },
			{ "{url}", url }, { "{link}", link }, { NULL, NULL } };

		mail_write_headers(to, config, address);
		fputs("Subject: ", to);
		mail_fill_in(to, subject, fields);
		fputs("\r\n\r\n", to);
		mail_fill_in(to, body, fields);
	}
	if (fclose(to) == 0)
		return text;
	free(text);
	return NULL;
}

/* The rest of a mail that libcurl is reading. */
struct reading {
	const char *text;
	size_t left;
};

static size_t
mail_read_bytes(char *to, size_t size, size_t count, void *context)
{
	struct reading *reading = context;
	size_t length = size * count < reading->left ? size * count : reading->left;

	memcpy(to, reading->text, length);
	reading->text += length;
	reading->left -= length;
	return length;
}

static void
mail_set_server(CURL *curl, const struct config *config, const char *password)
{
	curl_easy_setopt(curl, CURLOPT_URL, config->mail.server);
	curl_easy_setopt(curl, CURLOPT_USE_SSL,
	    (long)(config->mail.starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	if (config->mail.ca_file[0] != '\0')
		curl_easy_setopt(curl, CURLOPT_CAINFO, config->mail.ca_file);
	if (config->mail.username[0] != '\0') {
		curl_easy_setopt(curl, CURLOPT_USERNAME, config->mail.username);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, password);
	}
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)config->mail.timeout);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

/*
 * Sends the mail over one connection. False: failed, and reason has the server's or libcurl's text.
 */
static bool
mail_converse(CURL *curl, const struct config *config, const char *address, const char *mail,
    const char *password, char reason[static CURL_ERROR_SIZE])
{
	struct curl_slist *recipients = curl_slist_append(NULL, address);
	struct reading reading = { mail, strlen(mail) };
	long said = 0;
	CURLcode code;

	snprintf(reason, CURL_ERROR_SIZE, "not enough memory");
	if (recipients == NULL)
		return false;
	reason[0] = '\0';
	mail_set_server(curl, config, password);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, config->mail.from);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, mail_read_bytes);
	curl_easy_setopt(curl, CURLOPT_READDATA, &reading);
	code = curl_easy_perform(curl);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &said);
	if (code != CURLE_OK && reason[0] == '\0')
		snprintf(reason, CURL_ERROR_SIZE, "%s (its last reply: %ld)",
		    curl_easy_strerror(code), said);
	curl_slist_free_all(recipients);
	return code == CURLE_OK;
}

/* Counts the mails that this process is sending. */
static struct outbound sending;

bool
mail_send_token(const struct config *config, const char *login, const char *address,
    const char *token, struct error *err)
{
	cleanup_secret char password[SECRET_ROOM];
	cleanup_free char *template = mail_read_template(config, err), *mail = NULL;
	char reason[CURL_ERROR_SIZE];
	CURL *curl;
	bool sent = false;

	if (!mail_read_password(config, password, err) || template == NULL)
		return false;
	mail = mail_make(config, template, login, address, token);
	curl = mail == NULL ? NULL : curl_easy_init();
	if (curl == NULL)
		return error_set(err, ERROR_SYSTEM, "send a mail: not enough memory");
	if (!outbound_enter(&sending, err)) {
		curl_easy_cleanup(curl);
		return false;
	}
	sent = mail_converse(curl, config, address, mail, password, reason);
	outbound_leave(&sending);
	curl_easy_cleanup(curl);
	if (sent)
		return true;
	log_write(LOG_ERROR, "send mail by %s: %s", config->mail.server, reason);
	return error_set(err, ERROR_AWAY, "%s", not_sent);
}
