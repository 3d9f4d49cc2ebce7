/*
 * Reading kabuto.conf with libconfuse, by one table of settings.
 */
#include "config.h"

#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "quantity.h"
#include "take.h"
#include "utf8.h"

#define MANY      1e6
#define ANY_BYTES 1e18
#define DAYS_S    86400.0
#define FILE_MOST (1024 * 1024) /* bytes of the file */

#define AT(member)      .offset = offsetof(struct config, member)
#define AT_MOST(member) .at_most = offsetof(struct config, member)

/* The two settings of a number among the options of a job. */
#define JOB_NUMBER(kind, name, least, most, fallback, ceiling, ceiling_least)                      \
	{ "job", #name, kind, fallback, least, most, NULL, AT(job.name),                           \
		AT_MOST(job.name##_max) },                                                         \
	    { "job", #name "_max", kind, ceiling, ceiling_least, most, NULL, AT(job.name##_max) },
#define JOB_SETTINGS_COMMAND(name, least, length, words)
#define JOB_SETTINGS_TEXT(name, least, length, words)
#define JOB_SETTINGS_PATH(name, least, length, words)
#define JOB_SETTINGS_PAIRS(name, least, length, words)
#define JOB_SETTINGS_CHOICE(name, least, length, words)
#define JOB_SETTINGS_NUMBER(name, least, length, words, ...)                                       \
	JOB_NUMBER(SETTING_NUMBER, name, least, __VA_ARGS__)
#define JOB_SETTINGS_BYTES(name, least, length, words, ...)                                        \
	JOB_NUMBER(SETTING_BYTES, name, least, __VA_ARGS__)
#define JOB_SETTINGS_DECIMAL(name, least, length, words, ...)                                      \
	JOB_NUMBER(SETTING_DECIMAL, name, (least) / 1000.0, __VA_ARGS__)
#define JOB_SETTINGS(type, ...) JOB_SETTINGS_##type(__VA_ARGS__)

const struct setting config_settings[] = {
	{ NULL, "state_dir", SETTING_TEXT, "/var/lib/kabuto", 0, 0, NULL, AT(state_dir),
	    .change = SETTING_UNCHANGED },
	{ NULL, "database", SETTING_TEXT, "", 0, 0, NULL, AT(database),
	    .change = SETTING_UNCHANGED },
	{ NULL, "init", SETTING_TEXT, KABUTO_INIT, 0, 0, NULL, AT(init),
	    .change = SETTING_UNCHANGED },
	{ NULL, "web_server_group", SETTING_TEXT, "kabuto-web", 0, 0, NULL, AT(web_server_group),
	    .change = SETTING_UNCHANGED },
	{ NULL, "registration", SETTING_TEXT, "open", 0, 0, "open mail closed", AT(registration) },
	{ NULL, "origins", SETTING_LIST, "{}", 0, 0, NULL, AT(origins) },
	{ NULL, "session_days", SETTING_NUMBER, "30", 1, 3650, NULL, AT(session_days) },
	{ NULL, "login_attempts", SETTING_NUMBER, "10", 1, MANY, NULL, AT(login_attempts) },
	{ NULL, "login_attempts_address", SETTING_NUMBER, "100", 1, MANY, NULL,
	    AT(login_attempts_address) },
	{ NULL, "slots", SETTING_NUMBER, "0", 0, 1000, NULL, AT(slots) },
	{ NULL, "sandboxes", SETTING_TEXT, "auto", 0, 0, "auto on off true false yes no",
	    AT(sandboxes), .change = SETTING_UNCHANGED },
	{ NULL, "build_slots", SETTING_NUMBER, "1", 1, 100, NULL, AT(build_slots) },
	{ NULL, "min_free", SETTING_BYTES, "1g", 0, ANY_BYTES, NULL, AT(min_free) },
	{ NULL, "min_free_inodes", SETTING_NUMBER, "10000", 0, 1e15, NULL, AT(min_free_inodes) },
	{ NULL, "request_limit", SETTING_BYTES, "16g", 1024, ANY_BYTES, NULL, AT(request_limit) },
	{ NULL, "attachments_max", SETTING_NUMBER, "200000", 0, MANY, NULL, AT(attachments_max) },
	{ NULL, "log_limit", SETTING_BYTES, "64m", 4096, ANY_BYTES, NULL, AT(log_limit) },
	{ NULL, "queued_max", SETTING_NUMBER, "100000", 1, 1e9, NULL, AT(queued_max) },
	{ NULL, "running_max", SETTING_NUMBER, "0", 0, MANY, NULL, AT(running_max) },
	{ NULL, "builds_max", SETTING_NUMBER, "100", 1, MANY, NULL, AT(builds_max) },
	{ NULL, "storage_max", SETTING_BYTES, "0", 0, ANY_BYTES, NULL, AT(storage_max) },
	{ NULL, "file_max", SETTING_BYTES, "16g", 1, ANY_BYTES, NULL, AT(file_max) },
	{ NULL, "follow_max", SETTING_NUMBER, "32", 1, 10000, NULL, AT(follow_max) },
	{ NULL, "streams_max", SETTING_NUMBER, "500", 1, 10000, NULL, AT(streams_max) },
	{ NULL, "upload_max", SETTING_NUMBER, "32", 1, 10000, NULL, AT(upload_max) },
	{ "engine", "socket", SETTING_TEXT, "/var/run/docker.sock", 0, 0, NULL, AT(engine.socket),
	    .change = SETTING_UNCHANGED },
	{ "engine", "state_dir", SETTING_TEXT, "", 0, 0, NULL, AT(engine.state_dir),
	    .change = SETTING_UNCHANGED },
	{ "engine", "runtime", SETTING_TEXT, "", 0, 0, NULL, AT(engine.runtime),
	    .change = SETTING_UNCHANGED },
	{ "engine", "cgroup_parent", SETTING_TEXT, "", 0, 0, NULL, AT(engine.cgroup_parent) },
	/* clang-format off */
	JOBOPTIONS(JOB_SETTINGS)
	/* clang-format on */
	{ "job", "network", SETTING_TEXT, "none", 0, 0, "none bridge", AT(job.network) },
	{ "job", "networks", SETTING_LIST, "{\"none\", \"bridge\"}", 0, 0, "none bridge",
	    AT(job.networks) },
	{ "job", "capabilities", SETTING_LIST,
	    "{\"CHOWN\", \"DAC_OVERRIDE\", \"FOWNER\", \"SETUID\", \"SETGID\", \"KILL\"}", 0, 0,
	    NULL, AT(job.capabilities) },
	{ "build", "builder", SETTING_TEXT, "auto", 0, 0, "auto buildkit classic",
	    AT(build.builder) },
	{ "build", "timeout", SETTING_NUMBER, "3600", 1, 30 * DAYS_S, NULL, AT(build.timeout) },
	{ "build", "memory", SETTING_BYTES, "2g", 6 << 20, ANY_BYTES, NULL, AT(build.memory) },
	{ "build", "memory_floor", SETTING_BYTES, "512m", 0, ANY_BYTES, NULL,
	    AT(build.memory_floor) },
	{ "build", "cache_limit", SETTING_BYTES, "20g", 0, ANY_BYTES, NULL, AT(build.cache_limit) },
	{ "build", "network", SETTING_TEXT, "bridge", 0, 0, "none bridge", AT(build.network) },
	{ "build", "context_limit", SETTING_BYTES, "2g", 1024, ANY_BYTES, NULL,
	    AT(build.context_limit) },
	{ "build", "output_limit", SETTING_BYTES, "16m", 1024, ANY_BYTES, NULL,
	    AT(build.output_limit) },
	{ "build", "schemes", SETTING_LIST, "{\"https\"}", 0, 0, "https http ssh",
	    AT(build.schemes) },
	{ "build", "allow_private", SETTING_BOOLEAN, "false", 0, 0, NULL, AT(build.allow_private) },
	{ "build", "checkout_timeout", SETTING_NUMBER, "300", 1, DAYS_S, NULL,
	    AT(build.checkout_timeout) },
	{ "build", "checkout_limit", SETTING_BYTES, "2g", 1024, ANY_BYTES, NULL,
	    AT(build.checkout_limit) },
	{ "registry", "address", SETTING_TEXT, "", 0, 0, NULL, AT(registry.address) },
	{ "registry", "namespace", SETTING_TEXT, "kabuto", 0, 0, NULL, AT(registry.namespace) },
	{ "registry", "username", SETTING_TEXT, "", 0, 0, NULL, AT(registry.username) },
	{ "registry", "password_file", SETTING_TEXT, "", 0, 0, NULL, AT(registry.password_file) },
	{ "registry", "timeout", SETTING_NUMBER, "3600", 1, 30 * DAYS_S, NULL,
	    AT(registry.timeout) },
	{ "registry", "patience", SETTING_NUMBER, "300", 0, DAYS_S, NULL, AT(registry.patience) },
	{ "mail", "server", SETTING_TEXT, "", 0, 0, NULL, AT(mail.server) },
	{ "mail", "starttls", SETTING_BOOLEAN, "true", 0, 0, NULL, AT(mail.starttls) },
	{ "mail", "ca_file", SETTING_TEXT, "", 0, 0, NULL, AT(mail.ca_file) },
	{ "mail", "username", SETTING_TEXT, "", 0, 0, NULL, AT(mail.username) },
	{ "mail", "password_file", SETTING_TEXT, "", 0, 0, NULL, AT(mail.password_file) },
	{ "mail", "from", SETTING_TEXT, "", 0, 0, NULL, AT(mail.from) },
	{ "mail", "url", SETTING_TEXT, "", 0, 0, NULL, AT(mail.url) },
	{ "mail", "template", SETTING_TEXT, "", 0, 0, NULL, AT(mail.template) },
	{ "mail", "timeout", SETTING_NUMBER, "20", 1, 600, NULL, AT(mail.timeout) },
	{ "ldap", "url", SETTING_TEXT, "", 0, 0, NULL, AT(ldap.url) },
	{ "ldap", "starttls", SETTING_BOOLEAN, "true", 0, 0, NULL, AT(ldap.starttls) },
	{ "ldap", "ca_file", SETTING_TEXT, "", 0, 0, NULL, AT(ldap.ca_file) },
	{ "ldap", "bind_dn", SETTING_TEXT, "", 0, 0, NULL, AT(ldap.bind_dn) },
	{ "ldap", "password_file", SETTING_TEXT, "", 0, 0, NULL, AT(ldap.password_file) },
	{ "ldap", "base", SETTING_TEXT, "", 0, 0, NULL, AT(ldap.base) },
	{ "ldap", "filter", SETTING_TEXT, "(uid={login})", 0, 0, NULL, AT(ldap.filter) },
	{ "ldap", "mail_attribute", SETTING_TEXT, "mail", 0, 0, NULL, AT(ldap.mail_attribute) },
	{ "ldap", "group", SETTING_TEXT, "", 0, 0, NULL, AT(ldap.group) },
	{ "ldap", "group_filter", SETTING_TEXT,
	    "(|(member={dn})(uniqueMember={dn})(memberUid={login}))", 0, 0, NULL,
	    AT(ldap.group_filter) },
	{ "ldap", "timeout", SETTING_NUMBER, "10", 1, 600, NULL, AT(ldap.timeout) },
	{ "retention", "results_days", SETTING_NUMBER, "0", 0, 36500, NULL,
	    AT(retention.results_days) },
	{ "retention", "logs_days", SETTING_NUMBER, "0", 0, 36500, NULL, AT(retention.logs_days) },
	{ "retention", "jobs_days", SETTING_NUMBER, "0", 0, 36500, NULL, AT(retention.jobs_days) },
	{ "retention", "account_bytes", SETTING_BYTES, "0", 0, ANY_BYTES, NULL,
	    AT(retention.account_bytes) },
	{ "retention", "events_days", SETTING_NUMBER, "365", 0, 36500, NULL,
	    AT(retention.events_days) },
	{ "threads", "api", SETTING_NUMBER, "32", 1, 1000, NULL, AT(threads.api),
	    .change = SETTING_LATER },
	{ "threads", "upload", SETTING_NUMBER, "64", 1, 1000, NULL, AT(threads.upload),
	    .change = SETTING_LATER },
	{ "threads", "follow", SETTING_NUMBER, "64", 1, 10000, NULL, AT(threads.follow),
	    .change = SETTING_LATER },
	{ 0 },
};
#define SETTINGS (sizeof config_settings / sizeof config_settings[0] - 1)

static const char *const sections[] = { "engine", "job", "build", "registry", "mail", "ldap",
	"retention", "threads" };
#define SECTIONS (sizeof sections / sizeof sections[0])

/*
 * Static variables, since libconfuse passes no argument of ours to its error function. Only one
 * thread reads the file.
 */
static struct error *parse_error;
static const char *parse_path;

static void
config_record_error(cfg_t *cfg, const char *format, va_list arguments)
{
	char reason[512];

	if (parse_error == NULL || parse_error->kind != ERROR_NONE)
		return; /* the first one is the cause */
	vsnprintf(reason, sizeof reason, format, arguments);
	/* libconfuse gives a section the line, but not the file's name. */
	error_set(parse_error, ERROR_INPUT, "%s:%d: %s", parse_path, cfg->line, reason);
}

static bool
config_same_section(const char *section, const char *name)
{
	return section == NULL ? strcmp(name, "root") == 0 : strcmp(name, section) == 0;
}

static const struct setting *
config_setting_of(const char *section, const char *name)
{
	for (const struct setting *s = config_settings; s->name != NULL; s++)
		if (config_same_section(s->section, section) && strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

static bool
config_word_of(const char *choices, const char *word)
{
	size_t length = strlen(word);
	const char *at = choices;

	while (length > 0 && strchr(word, ' ') == NULL && (at = strstr(at, word)) != NULL) {
		if ((at == choices || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
		at += length;
	}
	return false;
}

static int
config_check_range(cfg_t *cfg, const struct setting *s, double value)
{
	if (value >= s->least && value <= s->most)
		return 0;
	cfg_error(cfg, "%s must be between %.15g and %.15g", s->name, s->least, s->most);
	return -1;
}

/* libconfuse calls this after each value that it has read. */
static int
config_check_value(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct setting *s = config_setting_of(cfg->name, opt->name);
	unsigned last = cfg_opt_size(opt) - 1;
	const char *text;
	int64_t bytes;

	switch (s->type) {
	case SETTING_NUMBER:
		return config_check_range(cfg, s, (double)cfg_opt_getnint(opt, last));
	case SETTING_DECIMAL:
		return config_check_range(cfg, s, cfg_opt_getnfloat(opt, last));
	case SETTING_BYTES:
		text = cfg_opt_getnstr(opt, last);
		if (!quantity_parse_bytes(text, &bytes)) {
			cfg_error(cfg,
			    "%s: '%s' is not a size; write a number of bytes, or 512k, 64m, 2g, 1t (also 64MB, 64Mi, 64MiB)",
			    s->name, text);
			return -1;
		}
		return config_check_range(cfg, s, (double)bytes);
	case SETTING_TEXT:
	case SETTING_LIST:
		text = cfg_opt_getnstr(opt, last);
		if (!utf8_valid(text, strlen(text))) {
			cfg_error(cfg, "%s is not UTF-8; save the file as UTF-8", s->name);
			return -1;
		}
		if (s->choices == NULL || config_word_of(s->choices, text))
			return 0;
		cfg_error(cfg, "%s: '%s' is not one of: %s", s->name, text, s->choices);
		return -1;
	case SETTING_BOOLEAN:
		return 0;
	}
	return 0;
}

static cfg_opt_t
config_option(const struct setting *s)
{
	char *name = (char *)(uintptr_t)s->name; /* libconfuse copies what it is given */

	switch (s->type) {
	case SETTING_NUMBER:
		return (cfg_opt_t)CFG_INT(name, atol(s->fallback), CFGF_NONE);
	case SETTING_DECIMAL:
		return (cfg_opt_t)CFG_FLOAT(name, atof(s->fallback), CFGF_NONE);
	case SETTING_BOOLEAN:
		return (cfg_opt_t)CFG_BOOL(name, strcmp(s->fallback, "true") == 0, CFGF_NONE);
	case SETTING_LIST:
		return (cfg_opt_t)CFG_STR_LIST(name, (char *)(uintptr_t)s->fallback, CFGF_NONE);
	default:
		return (cfg_opt_t)CFG_STR(name, (char *)(uintptr_t)s->fallback, CFGF_NONE);
	}
}

static cfg_t *
config_make_parser(void)
{
	cfg_opt_t of_section[SECTIONS][SETTINGS + 1], top[SETTINGS + SECTIONS + 1];
	const cfg_opt_t end = CFG_END();
	size_t tops = 0;
	char path[64];
	cfg_t *cfg;

	for (size_t i = 0; i < SECTIONS; i++) {
		size_t count = 0;

		for (const struct setting *s = config_settings; s->name != NULL; s++)
			if (s->section != NULL && strcmp(s->section, sections[i]) == 0)
				of_section[i][count++] = config_option(s);
		of_section[i][count] = end;
		top[tops++] =
		    (cfg_opt_t)CFG_SEC((char *)(uintptr_t)sections[i], of_section[i], CFGF_NONE);
	}
	for (const struct setting *s = config_settings; s->name != NULL; s++)
		if (s->section == NULL)
			top[tops++] = config_option(s);
	top[tops] = end;
	cfg = cfg_init(top, CFGF_NONE);
	if (cfg == NULL)
		return NULL;
	cfg_set_error_function(cfg, config_record_error);
	for (const struct setting *s = config_settings; s->name != NULL; s++) {
		snprintf(path, sizeof path, "%s%s%s", s->section != NULL ? s->section : "",
		    s->section != NULL ? "|" : "", s->name);
		cfg_set_validate_func(cfg, path, config_check_value);
	}
	return cfg;
}

static bool
config_take_list(struct text_list *list, cfg_t *cfg, const char *name)
{
	unsigned count = cfg_size(cfg, name);

	list->texts = calloc(count + 1, sizeof list->texts[0]);
	if (list->texts == NULL)
		return false;
	for (unsigned i = 0; i < count; i++) {
		list->texts[i] = strdup(cfg_getnstr(cfg, name, i));
		if (list->texts[i] == NULL)
			return false;
		list->count++;
	}
	return true;
}

static bool
config_take_setting(struct config *config, const struct setting *s, cfg_t *cfg)
{
	void *to = (char *)config + s->offset;

	switch (s->type) {
	case SETTING_TEXT:
		*(char **)to = strdup(cfg_getstr(cfg, s->name));
		return *(char **)to != NULL;
	case SETTING_NUMBER:
		*(int64_t *)to = cfg_getint(cfg, s->name);
		return true;
	case SETTING_BYTES:
		return quantity_parse_bytes(cfg_getstr(cfg, s->name), to);
	case SETTING_DECIMAL:
		*(double *)to = cfg_getfloat(cfg, s->name);
		return true;
	case SETTING_BOOLEAN:
		*(bool *)to = cfg_getbool(cfg, s->name);
		return true;
	case SETTING_LIST:
		return config_take_list(to, cfg, s->name);
	}
	return false;
}

static bool
config_take_settings(struct config *config, cfg_t *cfg, struct error *err)
{
	for (const struct setting *s = config_settings; s->name != NULL; s++) {
		cfg_t *from = s->section == NULL ? cfg : cfg_getsec(cfg, s->section);

		if (!config_take_setting(config, s, from))
			return error_set(err, ERROR_SYSTEM,
			    "read the configuration: not enough memory");
	}
	return true;
}

/* Reads the whole file as text, which the caller frees. Returns NULL with err set on failure. */
static char *
config_read_file(const char *path, struct error *err)
{
	cleanup_file FILE *file = fopen(path, "re");
	cleanup_free char *text = calloc(1, FILE_MOST + 1);
	size_t length;

	if (text == NULL) {
		error_set(err, ERROR_SYSTEM, "read the configuration: not enough memory");
		return NULL;
	}
	length = file == NULL ? 0 : fread(text, 1, FILE_MOST + 1, file);
	if (file == NULL || ferror(file)) {
		error_errno(err, "read the configuration '%s'", path);
		return NULL;
	}
	if (length > FILE_MOST) {
		error_set(err, ERROR_INPUT, "%s: the file is larger than %d bytes", path,
		    FILE_MOST);
		return NULL;
	}
	return take_pointer(&text);
}

/* Returns the length of the comment that begins at text; 0: no comment begins here. */
static size_t
config_comment_length(const char *text)
{
	const char *end;

	if (*text == '#' || strncmp(text, "//", 2) == 0)
		return strcspn(text, "\n");
	if (strncmp(text, "/*", 2) != 0)
		return 0;
	end = strstr(text + 2, "*/");
	return end == NULL ? strlen(text) : (size_t)(end + 2 - text);
}

/*
 * Replaces comments by spaces, since libconfuse counts their lines wrongly. Counts the braces
 * outside of quotes, since libconfuse accepts a section that is never closed.
 */
static bool
config_prepare_text(char *text, const char *path, struct error *err)
{
	int depth = 0, line = 1;
	char quote = '\0';

	for (; *text != '\0'; text++) {
		for (size_t length = quote == '\0' ? config_comment_length(text) : 0; length > 0;
		     length--, text++) {
			line += *text == '\n';
			*text = *text == '\n' ? '\n' : ' ';
		}
		if (*text == '\0')
			break;
		line += *text == '\n';
		if (quote != '\0' && *text == '\\' && text[1] != '\0')
			text++;
		else if (quote != '\0')
			quote = *text == quote ? '\0' : quote;
		else if (*text == '"' || *text == '\'')
			quote = *text;
		else
			depth += (*text == '{') - (*text == '}');
	}
	return depth <= 0 ||
	    error_set(err, ERROR_INPUT, "%s:%d: a section is not closed; add a }", path, line);
}

/* Replaces a 0 by what the machine has, and limits other values to it. */
static bool
config_fit_machine(struct config *config, struct error *err)
{
	int64_t memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	double cpus = (double)sysconf(_SC_NPROCESSORS_ONLN);

	if (config->slots == 0)
		config->slots = (int64_t)cpus;
	if (config->running_max == 0)
		config->running_max = config->slots;
	if (config->job.memory_max == 0 || config->job.memory_max > memory)
		config->job.memory_max = memory;
	if (config->job.cpus_max <= 0 || config->job.cpus_max > cpus)
		config->job.cpus_max = cpus;
	if (config->database[0] == '\0') {
		free(config->database);
		if (asprintf(&config->database, "%s/kabuto.db", config->state_dir) < 0) {
			config->database = NULL;
			return error_set(err, ERROR_SYSTEM,
			    "read the configuration: not enough memory");
		}
	}
	return true;
}

static bool
config_same_list(const struct text_list *a, const struct text_list *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (strcmp(a->texts[i], b->texts[i]) != 0)
			return false;
	return a->count == b->count;
}

static bool
config_same_value(const struct config *a, const struct config *b, const struct setting *s)
{
	const void *in_a = (const char *)a + s->offset, *in_b = (const char *)b + s->offset;

	switch (s->type) {
	case SETTING_TEXT:
		return strcmp(*(char *const *)in_a, *(char *const *)in_b) == 0;
	case SETTING_LIST:
		return config_same_list(in_a, in_b);
	case SETTING_BOOLEAN:
		return *(const bool *)in_a == *(const bool *)in_b;
	default:
		return config_number(a, s) == config_number(b, s);
	}
}

const struct setting *
config_changed(const struct config *old, const struct config *new, enum setting_change change)
{
	for (const struct setting *s = config_settings; s->name != NULL; s++)
		if (s->change == change && !config_same_value(old, new, s))
			return s;
	return NULL;
}

const char *
config_setting_name(const struct setting *setting, char *text, size_t size)
{
	snprintf(text, size, "%s%s%s", setting->section != NULL ? setting->section : "",
	    setting->section != NULL ? "." : "", setting->name);
	return text;
}

double
config_number(const struct config *config, const struct setting *s)
{
	const void *at = (const char *)config + s->offset;

	return s->type == SETTING_DECIMAL ? *(const double *)at : (double)*(const int64_t *)at;
}

bool
config_list_has(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->texts[i], text) == 0)
			return true;
	return false;
}

bool
config_read(struct config *config, const char *path, struct error *err)
{
	struct error found = { .kind = ERROR_NONE };
	cleanup_free char *text = config_read_file(path, err);
	cfg_t *cfg = config_make_parser();
	bool done = false;

	*config = (struct config){ 0 };
	if (cfg == NULL)
		return error_set(err, ERROR_SYSTEM, "read '%s': not enough memory", path);
	parse_error = &found;
	parse_path = path;
	if (text == NULL || !config_prepare_text(text, path, err))
		done = false;
	else if (cfg_parse_buf(cfg, text) == CFG_SUCCESS)
		done = config_take_settings(config, cfg, err) && config_fit_machine(config, err);
	else if (found.kind != ERROR_NONE)
		*err = found;
	else
		error_set(err, ERROR_INPUT, "%s: the file is not a valid configuration", path);
	parse_error = NULL;
	parse_path = NULL;
	cfg_free(cfg);
	if (!done)
		config_clear(config);
	return done;
}

void
config_clear(struct config *config)
{
	for (const struct setting *s = config_settings; s->name != NULL; s++) {
		void *at = (char *)config + s->offset;

		if (s->type == SETTING_TEXT) {
			free(*(char **)at);
		} else if (s->type == SETTING_LIST) {
			struct text_list *list = at;

			for (size_t i = 0; i < list->count; i++)
				free(list->texts[i]);
			free(list->texts);
		}
	}
	*config = (struct config){ 0 };
}
