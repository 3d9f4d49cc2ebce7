#ifndef KABUTO_CONFIG_H
#define KABUTO_CONFIG_H
/*
 * kabuto.conf. The table in config.c has one row for each setting. The parser, the check (-n) and
 * the test that compares kabuto.conf(5) with the settings all read that table.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "joboptions.h"

struct text_list {
	char **texts;
	size_t count;
};

/* The settings by their names; kabuto.conf(5) says what each means. */
struct config {
	const struct config *former; /* the one before the last reload; NULL: none */
	char *state_dir;
	char *database;
	char *init;
	char *web_server_group;
	char *registration;
	struct text_list origins;
	int64_t session_days;
	int64_t login_attempts;
	int64_t login_attempts_address;
	int64_t slots;
	char *sandboxes; /* "auto", "on", "off", or a former version's true, yes, false, no */
	int64_t build_slots;
	int64_t min_free;
	int64_t min_free_inodes;
	int64_t request_limit;
	int64_t attachments_max;
	int64_t log_limit;
	int64_t queued_max;
	int64_t running_max;
	int64_t builds_max;
	int64_t storage_max;
	int64_t file_max;
	int64_t streams_max;
	int64_t follow_max;
	int64_t upload_max;
	struct {
		char *socket;
		char *state_dir;
		char *runtime;
		char *cgroup_parent;
	} engine;
	struct {
		JOBOPTIONS(JOBOPTION_CONFIG)
		char *network;
		struct text_list networks;
		struct text_list capabilities;
	} job;
	struct {
		char *builder;
		int64_t timeout;
		int64_t memory;
		int64_t memory_floor;
		int64_t cache_limit;
		char *network;
		int64_t context_limit;
		int64_t output_limit;
		struct text_list schemes;
		bool allow_private;
		int64_t checkout_timeout;
		int64_t checkout_limit;
	} build;
	struct {
		char *address; /* empty: no registry is used */
		char *namespace;
		char *username;
		char *password_file; /* struct config never holds the password */
		int64_t timeout;
		int64_t patience;
	} registry;
	struct {
		char *server;
		bool starttls;
		char *ca_file;
		char *username, *password_file;
		char *from;
		char *url;
		char *template;
		int64_t timeout;
	} mail;
	struct {
		char *url;
		bool starttls;
		char *ca_file;
		char *bind_dn, *password_file;
		char *base, *filter;
		char *mail_attribute;
		char *group, *group_filter;
		int64_t timeout;
	} ldap;
	struct {
		int64_t results_days, logs_days, jobs_days;
		int64_t account_bytes;
		int64_t events_days;
	} retention;
	struct {
		int64_t api, upload, follow;
	} threads;
};

enum setting_type {
	SETTING_TEXT,    /* char * */
	SETTING_NUMBER,  /* int64_t */
	SETTING_BYTES,   /* int64_t; "512m" */
	SETTING_DECIMAL, /* double */
	SETTING_BOOLEAN, /* bool */
	SETTING_LIST     /* struct text_list */
};

/* What a running process does with a new value. */
enum setting_change {
	SETTING_AT_ONCE,  /* uses it at once */
	SETTING_LATER,    /* keeps the old value, and logs that a restart is needed */
	SETTING_UNCHANGED /* refuses the whole file: other processes rely on the old value */
};

struct setting {
	const char *section; /* NULL: the top level */
	const char *name;
	enum setting_type type;
	const char *fallback; /* the default, as written in the file */
	double least, most;   /* of a number, a decimal, bytes */
	const char *choices; /* of a text: the allowed words, separated by spaces; NULL: any text */
	size_t offset;       /* in struct config */
	enum setting_change change;
	size_t at_most; /* in struct config: a setting that is this one's limit; 0: none */
};

/* All settings; the last one's name is NULL. */
extern const struct setting config_settings[];

/* Returns the first setting with this `change` that has changed; NULL: no setting has. */
const struct setting *config_changed(const struct config *old, const struct config *new,
    enum setting_change change);

/* Writes the name to text, which it returns: "engine.socket", or "slots" for one of the top level.
 */
#define SETTING_NAME 64
const char *config_setting_name(const struct setting *setting, char *text, size_t size);

/* Returns the value of a setting that is a number, bytes or a decimal. */
double config_number(const struct config *config, const struct setting *setting);

/* Whether the list contains text. */
bool config_list_has(const struct text_list *list, const char *text);

/*
 * Reads the file. A wrong file gives the error "file:line: reason". Replaces values that depend on
 * this machine: slots = 0 becomes the number of processors; memory_max = 0 and cpus_max = 0 become
 * all that the machine has; an empty database becomes kabuto.db in state_dir. On true the caller
 * must call config_clear.
 */
bool config_read(struct config *config, const char *path, struct error *err);
void config_clear(struct config *config);

#endif
