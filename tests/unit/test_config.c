/*
 * kabuto.conf: what is read, what is refused and where, and that the file and the manual that we
 * ship say what the table says.
 */
#include "support.h"

#include <sys/wait.h>

#include "config.h"
#include "config_check.h"
#include "quantity.h"

static bool
config_of(const struct folder *folder, const char *text, struct config *config, struct error *err)
{
	char path[128];

	file_put(folder->fd, "kabuto.conf", text, strlen(text));
	snprintf(path, sizeof path, "%s/kabuto.conf", folder->path);
	if (!config_read(config, path, err))
		return false;
	if (config_check(config, path, err))
		return true;
	config_clear(config);
	return false;
}

static void
test_empty_file_gives_the_defaults_of_the_table(void **state)
{
	struct config config;
	struct error err;
	int failed = 0;

	must(config_of(*state, "", &config, &err), &err);
	for (const struct setting *s = config_settings; s->name != NULL; s++) {
		const char *at = (const char *)&config + s->offset;
		int64_t bytes = 0;

		/* These are filled in by the machine. */
		if (strcmp(s->fallback, "0") == 0 || strcmp(s->fallback, "0.0") == 0 ||
		    strcmp(s->name, "database") == 0)
			continue;
		switch (s->type) {
		case SETTING_TEXT:
			row_check(failed, strcmp(*(char *const *)at, s->fallback) == 0, "%s",
			    s->name);
			break;
		case SETTING_NUMBER:
			row_check(failed, *(const int64_t *)at == atoll(s->fallback), "%s",
			    s->name);
			break;
		case SETTING_BYTES:
			row_check(failed,
			    quantity_parse_bytes(s->fallback, &bytes) &&
				*(const int64_t *)at == bytes,
			    "%s", s->name);
			break;
		case SETTING_DECIMAL:
			row_check(failed, *(const double *)at == atof(s->fallback), "%s", s->name);
			break;
		case SETTING_BOOLEAN:
			row_check(failed, *(const bool *)at == (strcmp(s->fallback, "true") == 0),
			    "%s", s->name);
			break;
		case SETTING_LIST: {
			const struct text_list *list = (const void *)at;

			row_check(failed, (list->count > 0) == (strcmp(s->fallback, "{}") != 0),
			    "%s", s->name);
			for (size_t i = 0; i < list->count; i++)
				row_check(failed, strstr(s->fallback, list->texts[i]) != NULL,
				    "%s: %s", s->name, list->texts[i]);
			break;
		}
		}
	}
	config_clear(&config);
	rows_end(failed);
}

static void
test_what_the_machine_has_stands_where_the_file_says_0(void **state)
{
	double cpus = (double)sysconf(_SC_NPROCESSORS_ONLN);
	int64_t memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	struct config config;
	struct error err;

	must(
	    config_of(*state,
		"slots = 0\nstate_dir = \"/srv/k\"\njob {\n memory_max = \"0\"\n cpus_max = 0.0\n}\n",
		&config, &err),
	    &err);
	assert_int_equal(config.slots, (int64_t)cpus);
	assert_true(config.job.memory_max == memory);
	assert_true(config.job.cpus_max == cpus);
	assert_string_equal(config.database, "/srv/k/kabuto.db");
	config_clear(&config);
	must(config_of(*state, "job {\n memory_max = \"900000t\"\n cpus_max = 9999.0\n}\n", &config,
		 &err),
	    &err);
	assert_true(config.job.memory_max == memory);
	assert_true(config.job.cpus_max == cpus);
	config_clear(&config);
}

static void
test_every_type_of_setting_is_read(void **state)
{
	struct config config;
	struct error err;

	must(config_of(*state,
		 "# a comment\n"
		 "state_dir = \"/srv/kabuto\"  # another one { with \" a brace\n"
		 "database = '/srv/other.db'\n"
		 "registration = closed\n"
		 "slots = 7\n"
		 "min_free = \"1.5g\"\n"
		 "engine { socket = \"/run/engine.sock\" state_dir = \"/mnt/{x}\" }\n"
		 "job {\n\tcpus = 0.5\n\tnetworks = {\"none\"}\n\tcapabilities = {}\n}\n"
		 "build {\n\tallow_private = true\n\tschemes = {\"https\", \"ssh\"}\n}\n"
		 "threads {\n\tapi = 3\n}\n"
		 "registry {\n\taddress = \"r.example:5000\"\n\tnamespace = \"team/k.b_c-1\"\n"
		 "\tusername = \"me\"\n\tpassword_file = \"/etc/secret\"\n\tpatience = 0\n}\n",
		 &config, &err),
	    &err);
	assert_string_equal(config.state_dir, "/srv/kabuto");
	assert_string_equal(config.database, "/srv/other.db");
	assert_string_equal(config.registration, "closed");
	assert_int_equal(config.slots, 7);
	assert_true(config.min_free == INT64_C(3) << 29);
	assert_string_equal(config.engine.socket, "/run/engine.sock");
	assert_string_equal(config.engine.state_dir, "/mnt/{x}");
	assert_true(config.job.cpus == 0.5);
	assert_int_equal(config.job.networks.count, 1);
	assert_true(config_list_has(&config.job.networks, "none"));
	assert_false(config_list_has(&config.job.networks, "bridge"));
	assert_int_equal(config.job.capabilities.count, 0);
	assert_true(config.build.allow_private);
	assert_int_equal(config.build.schemes.count, 2);
	assert_int_equal(config.threads.api, 3);
	assert_int_equal(config.threads.follow, 64);
	assert_string_equal(config.registry.address, "r.example:5000");
	assert_string_equal(config.registry.namespace, "team/k.b_c-1");
	assert_string_equal(config.registry.username, "me");
	assert_string_equal(config.registry.password_file, "/etc/secret");
	assert_int_equal(config.registry.patience, 0);
	config_clear(&config);
	config_clear(&config);
}

static void
test_wrong_file_is_refused_with_its_name_and_line(void **state)
{
	static const struct {
		const char *text;
		int line; /* 0: about no single line */
		const char *says;
	} rows[] = {
		{ "slot = 1\n", 1, "slot" },
		{ "\n\nslot = 1\n", 3, "slot" },
		{ "jobs {\n}\n", 1, "jobs" },
		{ "engine {\n\n\tsocket_path = \"/x\"\n}\n", 3, "socket_path" },
		{ "job {\n\tslots = 1\n}\n", 2, "slots" },
		{ "slots = many\n", 1, "slots" },
		{ "slots = 1.5\n", 1, "slots" },
		{ "slots = 99999999999999999999\n", 1, "slots" },
		{ "slots = 1001\n", 1, "between 0 and 1000" },
		{ "slots = -1\n", 1, "between 0 and 1000" },
		{ "# one\nslots = -1\n", 2, "between 0 and 1000" },
		{ "slots = 1 # one\n// two\n/* three\n four */\nslots = -1\n", 5,
		    "between 0 and 1000" },
		{ "state_dir = \"/#one\"\nslots = -1\n", 2, "between 0 and 1000" },
		{ "job {\n\t# one\n\t# two\n\ttimeout = 0\n}\n", 4, "timeout must be between 1" },
		{ "job {\n\ttimeout = 0\n}\n", 2, "timeout must be between 1" },
		{ "job {\n\n\tcpus = 0.001\n}\n", 3, "cpus" },
		{ "job {\n\tcpus = one\n}\n", 2, "cpus" },
		{ "min_free = \"lots\"\n", 1, "'lots' is not a size" },
		{ "min_free = \"-1\"\n", 1, "is not a size" },
		{ "log_limit = \"1k\"\n", 1, "log_limit must be between" },
		{ "slots = 1\nregistration = \"maybe\"\n", 2,
		    "'maybe' is not one of: open mail closed" },
		{ "registration = \"\"\n", 1, "not one of" },
		{ "slots = 1\nregistry {\n\tusername = \"caf\xe9\"\n}\n", 3,
		    "username is not UTF-8" },
		{ "job {\n\tcapabilities = {\"CHOWN\", \"\xff\"}\n}\n", 2,
		    "capabilities is not UTF-8" },
		{ "registration = \"open mail closed\"\n", 1, "not one of" },
		{ "job {\n\tnetwork = \"host\"\n}\n", 2, "'host' is not one of" },
		{ "job {\n\tnetworks = {\"none\", \"host\"}\n}\n", 2, "'host' is not one of" },
		{ "build {\n\tschemes = {\"file\"}\n}\n", 2, "'file' is not one of" },
		{ "build {\n\tallow_private = perhaps\n}\n", 2, "allow_private" },
		{ "slots\n", 2, "end of file" },
		{ "slots = 1\n= 2\n", 2, "" },
		{ "job {\n\tpids = 100\n", 3, "not closed" },
		{ "job {\n\tpids = 100\nslots = 2\n", 4, "not closed" },
		{ "job {\n\tpids = 100\n}\n}\n", 4, "" },
		{ "state_dir = \"/unclosed\nslots = 1\n", 0, "" },
		{ "state_dir = \"relative\"\n", 0, "absolute" },
		{ "database = \"kabuto.db\"\n", 0, "absolute" },
		{ "engine {\n\tsocket = \"\"\n}\n", 0, "absolute" },
		{ "job {\n\ttimeout = 100\n\ttimeout_max = 99\n}\n", 0,
		    "job.timeout (100) is more" },
		{ "job {\n\tmemory = \"64m\"\n\tmemory_max = \"32m\"\n}\n", 0, "job.memory" },
		{ "job {\n\tcpus = 9999.0\n}\n", 0, "job.cpus" },
		{ "job {\n\tnetworks = {\"bridge\"}\n}\n", 0,
		    "job.network \"none\" is not in job.networks" },
		{ "registry {\n\taddress = \"https://r.example\"\n}\n", 0,
		    "must be host or host:port" },
		{ "registry {\n\taddress = \"r.example/kabuto\"\n}\n", 0,
		    "must be host or host:port" },
		{ "origins = {\"kabuto.example\"}\n", 0,
		    "origins: \"kabuto.example\" must be https" },
		{ "origins = {\"ftp://x\"}\n", 0, "must be https://host" },
		{ "origins = {\"https://x\", \"https://y/\"}\n", 0, "\"https://y/\" must be" },
		{ "origins = {\"https://x/app\"}\n", 0, "without a path" },
		{ "registry {\n\taddress = \"someone\"\n}\n", 0, "must be host or host:port" },
		{ "registry {\n\taddress = \"r.example:\"\n}\n", 0, "must be host or host:port" },
		{ "registry {\n\taddress = \"r.example?x\"\n}\n", 0, "must be host or host:port" },
		{ "registry {\n\tnamespace = \"\"\n}\n", 0, "registry.namespace" },
		{ "registry {\n\tnamespace = \"Kabuto\"\n}\n", 0, "registry.namespace" },
		{ "registry {\n\tnamespace = \"a//b\"\n}\n", 0, "registry.namespace" },
		{ "registry {\n\tnamespace = \"a/\"\n}\n", 0, "registry.namespace" },
		{ "registry {\n\tusername = \"me\"\n}\n", 0, "need registry.address" },
		{ "registry {\n\tpassword_file = \"/x\"\n}\n", 0, "need registry.address" },
		{ "registry {\n\taddress = \"r.example\"\n\tpassword_file = \"/x\"\n}\n", 0,
		    "needs registry.username" },
		{ "registry {\n\taddress = \"r.example\"\n\tusername = \"a:b\"\n}\n", 0,
		    "must not contain \":\"" },
		{ "registry {\n\taddress = \"r.example\"\n\tusername = \"a\"\n\tpassword_file = \"x\"\n}\n",
		    0, "absolute path" },
		{ "registry {\n\tpassword = \"secret\"\n}\n", 2, "password" },
	};
	const struct folder *folder = *state;
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { .kind = ERROR_NONE };
		struct config config;
		char begins[160];
		bool read = config_of(folder, rows[i].text, &config, &err);

		if (rows[i].line > 0)
			snprintf(begins, sizeof begins, "%s/kabuto.conf:%d: ", folder->path,
			    rows[i].line);
		else
			snprintf(begins, sizeof begins, "%s/kabuto.conf:", folder->path);
		row_check(failed, !read, "%s", rows[i].text);
		row_check(failed, strncmp(err.text, begins, strlen(begins)) == 0, "%s: '%s'",
		    rows[i].text, err.text);
		row_check(failed, strstr(err.text, rows[i].says) != NULL && err.kind == ERROR_INPUT,
		    "%s: '%s'", rows[i].text, err.text);
		if (read)
			config_clear(&config);
	}
	rows_end(failed);
}

static void
test_file_that_is_not_there_is_named(void **state)
{
	struct config config;
	struct error err;

	(void)state;
	assert_false(config_read(&config, "/nonexistent/kabuto.conf", &err));
	assert_string_equal(err.text,
	    "read the configuration '/nonexistent/kabuto.conf': No such file or directory");
}

static void
test_folder_is_refused_in_words(void **state)
{
	const struct folder *folder = *state;
	pid_t child = fork();
	int status = 0;

	if (child == 0) { /* libconfuse may end the process */
		struct config config;
		struct error err;

		_exit(!config_read(&config, folder->path, &err) &&
			    strstr(err.text, folder->path) != NULL
			? 0
			: 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
test_wrong_file_does_not_spoil_the_next(void **state)
{
	struct config config;
	struct error err;

	assert_false(config_of(*state, "slots = x\n", &config, &err));
	must(config_of(*state, "slots = 3\n", &config, &err), &err);
	assert_int_equal(config.slots, 3);
	config_clear(&config);
}

static void
test_every_default_lies_in_its_range(void **state)
{
	int failed = 0;

	(void)state;
	for (const struct setting *s = config_settings; s->name != NULL; s++) {
		int64_t bytes = 0;
		double value = atof(s->fallback);

		if (s->type == SETTING_TEXT || s->type == SETTING_LIST ||
		    s->type == SETTING_BOOLEAN)
			continue;
		if (s->type == SETTING_BYTES) {
			row_check(failed, quantity_parse_bytes(s->fallback, &bytes), "%s", s->name);
			value = (double)bytes;
		}
		row_check(failed, value >= s->least && value <= s->most, "%s = %s", s->name,
		    s->fallback);
	}
	rows_end(failed);
}

/* The table and what is written about it */

/* A setting's default as it stands in a file. */
static void
default_text(const struct setting *s, char text[static 256])
{
	bool quoted = s->type == SETTING_TEXT || s->type == SETTING_BYTES;

	snprintf(text, 256, "%s%s%s", quoted ? "\"" : "", s->fallback, quoted ? "\"" : "");
}

static size_t
settings_count(void)
{
	size_t count = 0;

	while (config_settings[count].name != NULL)
		count++;
	return count;
}

static size_t
setting_index(const char *section, const char *name)
{
	for (size_t i = 0; config_settings[i].name != NULL; i++)
		if (strcmp(config_settings[i].name, name) == 0 &&
		    strcmp(config_settings[i].section != NULL ? config_settings[i].section : "",
			section) == 0)
			return i;
	return SIZE_MAX;
}

/* One line of a file says that section.name has the default value: notes it in seen and compares.
 */
static int
compare_setting(const char *section, const char *name, const char *value, int *seen)
{
	size_t i = setting_index(section, name);
	char expected[256];
	int failed = 0;

	row_check(failed, i != SIZE_MAX, "%s.%s: no setting of this name", section, name);
	if (i == SIZE_MAX)
		return failed;
	seen[i]++;
	default_text(&config_settings[i], expected);
	/* It follows the prefix; what is written is that of the default prefix. */
	if (strcmp(name, "init") == 0)
		strcpy(expected, "\"/usr/local/libexec/kabuto/kabuto-init\"");
	row_check(failed, strcmp(value, expected) == 0, "%s.%s: %s instead of %s", section, name,
	    value, expected);
	return failed;
}

static int
all_seen_once(const int *seen)
{
	int failed = 0;

	for (size_t i = 0; i < settings_count(); i++)
		row_check(failed, seen[i] == 1, "%s.%s stands %d times in it",
		    config_settings[i].section != NULL ? config_settings[i].section : "",
		    config_settings[i].name, seen[i]);
	return failed;
}

static char *
source_file(const char *name)
{
	const char *srcdir = getenv("srcdir");
	char path[4096];

	if (srcdir == NULL)
		fail_msg("the environment variable srcdir is not set: run \"make check\"");
	snprintf(path, sizeof path, "%s/%s", srcdir, name);
	return file_get(AT_FDCWD, path, NULL);
}

static void
test_shipped_kabuto_conf_has_every_setting_with_its_default(void **state)
{
	cleanup_free char *text = source_file("etc/kabuto.conf");
	cleanup_free int *seen = calloc(settings_count(), sizeof *seen);
	char section[32] = "", name[64];
	char *rest = text, *line;
	int failed = 0;

	(void)state;
	while ((line = strsep(&rest, "\n")) != NULL) {
		int value = 0;

		if (sscanf(line, "%31[a-z_] {", section) == 1 && line[strlen(line) - 1] == '{')
			continue;
		if (strcmp(line, "}") == 0)
			section[0] = '\0';
		/* Prose has no " = " behind a single word. */
		else if (sscanf(line, " # %63[a-z_] = %n", name, &value) == 1 && value > 0)
			failed += compare_setting(section, name, line + value, seen);
	}
	failed += all_seen_once(seen);
	rows_end(failed);
}

static void
test_shipped_kabuto_conf_is_accepted_as_it_is_and_with_all_defaults_written_out(void **state)
{
	cleanup_free char *text = source_file("etc/kabuto.conf");
	cleanup_free char *written = malloc(strlen(text) + 1);
	char *rest = text, *line, *to = written, name[64];
	struct config config;
	struct error err;

	must(config_of(*state, text, &config, &err), &err);
	config_clear(&config);
	while ((line = strsep(&rest, "\n")) != NULL) {
		int value = 0;
		bool setting = sscanf(line, " # %63[a-z_] = %n", name, &value) == 1 && value > 0;

		to = stpcpy(stpcpy(to, setting ? strchr(line, '#') + 1 : line),
		    rest != NULL ? "\n" : "");
	}
	must(config_of(*state, written, &config, &err), &err);
	config_clear(&config);
}

/* "\(dq" is mdoc's way to write a quote. */
static void
unquote_mdoc(char *text)
{
	char *quote;

	while ((quote = strstr(text, "\\(dq")) != NULL) {
		*quote = '"';
		memmove(quote + 1, quote + 4, strlen(quote + 4) + 1);
	}
}

static void
test_manual_has_every_setting_with_its_default(void **state)
{
	static const char top[] = "Top level", of_section[] = "Section ";
	cleanup_free char *text = source_file("etc/kabuto.conf.5");
	cleanup_free int *seen = calloc(settings_count(), sizeof *seen);
	char section[32] = "", name[64];
	char *rest = text, *line;
	int failed = 0;

	(void)state;
	while ((line = strsep(&rest, "\n")) != NULL) {
		int value = 0;

		unquote_mdoc(line);
		if (strncmp(line, ".Ss ", 4) == 0) {
			row_check(failed,
			    strcmp(line + 4, top) == 0 ||
				sscanf(line + 4, "Section %31[a-z]", section) == 1,
			    "%s", line);
			if (strncmp(line + 4, of_section, strlen(of_section)) != 0)
				section[0] = '\0';
		} else if (sscanf(line, ".It Ic %63[a-z_] No = Ar %n", name, &value) == 1 &&
		    value > 0) {
			failed += compare_setting(section, name, line + value, seen);
		}
	}
	failed += all_seen_once(seen);
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_file_gives_the_defaults_of_the_table),
		cmocka_unit_test(test_what_the_machine_has_stands_where_the_file_says_0),
		cmocka_unit_test(test_every_type_of_setting_is_read),
		cmocka_unit_test(test_wrong_file_is_refused_with_its_name_and_line),
		cmocka_unit_test(test_file_that_is_not_there_is_named),
		cmocka_unit_test(test_folder_is_refused_in_words),
		cmocka_unit_test(test_wrong_file_does_not_spoil_the_next),
		cmocka_unit_test(test_every_default_lies_in_its_range),
		cmocka_unit_test(test_shipped_kabuto_conf_has_every_setting_with_its_default),
		cmocka_unit_test(
		    test_shipped_kabuto_conf_is_accepted_as_it_is_and_with_all_defaults_written_out),
		cmocka_unit_test(test_manual_has_every_setting_with_its_default),
	};

	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
