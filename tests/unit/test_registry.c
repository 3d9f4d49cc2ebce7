/*
 * Registries: where the password comes from and who else may read it, how it goes to the engine,
 * and what images are called. What the registry itself does is in the end-to-end tests.
 */
#include "support.h"

#include "daemon/engine/engine_registry.c"

#include "imagename.h"
#include "registry.h"

/* A header's JSON, with its keys in order; the caller's to free. */
static char *
header_json(const char *header, const char *name)
{
	char text[16384];
	size_t length = 0, begin = strlen(name) + 2;
	json_t *json;
	char *sorted;

	assert_non_null(header);
	assert_memory_equal(header, name, begin - 2);
	assert_memory_equal(header + begin - 2, ": ", 2);
	assert_int_equal(strspn(header + begin,
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="),
	    strlen(header + begin));
	assert_int_equal(strlen(header + begin) % 4, 0);
	assert_int_equal(sodium_base642bin((unsigned char *)text, sizeof text, header + begin,
			     strlen(header + begin), NULL, &length, NULL,
			     sodium_base64_VARIANT_URLSAFE),
	    0);
	json = json_loadb(text, length, 0, NULL);
	assert_non_null(json);
	sorted = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(json);
	return sorted;
}

static void
test_headers_are_json_in_padded_base64url(void **state)
{
	static const struct {
		const char *address, *username, *password, *auth, *config;
	} rows[] = {
		{ "registry.example:5000", "me", "secret",
		    "{\"password\":\"secret\",\"serveraddress\":\"registry.example:5000\",\"username\":\"me\"}",
		    "{\"registry.example:5000\":{\"password\":\"secret\",\"username\":\"me\"}}" },
		/* Bytes whose base64 has both characters that differ from the usual alphabet. */
		{ "r.example", "m\xc3\xbc", "\xc3\xbf\xc3\xbe?>~\"\\ :",
		    "{\"password\":\"\xc3\xbf\xc3\xbe?>~\\\"\\\\ :\",\"serveraddress\":\"r.example\",\"username\":\"m\xc3\xbc\"}",
		    "{\"r.example\":{\"password\":\"\xc3\xbf\xc3\xbe?>~\\\"\\\\ :\",\"username\":\"m\xc3\xbc\"}}" },
		{ "docker.io", "me", "s",
		    "{\"password\":\"s\",\"serveraddress\":\"docker.io\",\"username\":\"me\"}",
		    "{\"https://index.docker.io/v1/\":{\"password\":\"s\",\"username\":\"me\"}}" },
		{ "r.example", NULL, "", "{}", "{}" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct registry_login login = { .address = rows[i].address,
			.username = rows[i].username };
		cleanup_header char *auth = NULL, *config = NULL;
		cleanup_free char *auth_json = NULL, *config_json = NULL;

		strcpy(login.password, rows[i].password);
		auth = engine_registry_auth_header(&login);
		config = engine_registry_config_header(&login);
		auth_json = header_json(auth, "X-Registry-Auth");
		config_json = header_json(config, "X-Registry-Config");
		row_check(failed, strcmp(auth_json, rows[i].auth) == 0, "%s", auth_json);
		row_check(failed, strcmp(config_json, rows[i].config) == 0, "%s", config_json);
	}
	rows_end(failed);
}

static void
test_words_of_a_failed_transfer_tell_what_may_pass(void **state)
{
	static const struct {
		const char *words;
		json_int_t status;
		enum error_kind kind;
	} rows[] = {
		{ "unauthorized: authentication required", 0, ERROR_FORBIDDEN },
		{ "no basic auth credentials", 0, ERROR_FORBIDDEN },
		{ "denied: requested access to the resource is denied", 0, ERROR_FORBIDDEN },
		{ "Get http://127.0.0.1:5000/v2/: dial tcp 127.0.0.1:5000: connect: connection refused",
		    0, ERROR_REGISTRY },
		{ "Get https://r.example/v2/: net/http: TLS handshake timeout", 0, ERROR_REGISTRY },
		{ "dial tcp: lookup r.example on 10.0.0.1:53: no such host", 0, ERROR_REGISTRY },
		{ "received unexpected HTTP status: 503 Service Unavailable", 0, ERROR_REGISTRY },
		{ "manifest for r.example/kabuto/x-1:1 not found: manifest unknown: manifest unknown",
		    0, ERROR_NOT_FOUND },
		{ "http: server gave HTTP response to HTTPS client", 0, ERROR_INPUT },
		/* The containerd image store. */
		{ "unknown: unexpected status from HEAD request to http://r/v2/x/blobs/sha256:0: 401 Unauthorized",
		    0, ERROR_FORBIDDEN },
		{ "failed to resolve reference \"r/x:1\": unexpected status from GET request to http://r/v2/x/manifests/1: 403 Forbidden",
		    0, ERROR_FORBIDDEN },
		{ "failed to resolve reference \"r/x:1\": r/x:1: not found", 0, ERROR_NOT_FOUND },
		{ "failed to do request: Head \"http://r/v2/x/manifests/1\": EOF", 0,
		    ERROR_REGISTRY },
		{ "dial tcp: lookup r.example: no such host (not found)", 0, ERROR_REGISTRY },
		{ "unexpected status from HEAD request to http://r/v2/: 429 Too Many Requests", 0,
		    ERROR_REGISTRY },
		{ "invalid reference: geofence", 0, ERROR_INPUT },
		{ "authentication is needed", 401, ERROR_FORBIDDEN },
		{ "no such thing", 404, ERROR_NOT_FOUND },
		{ "later", 503, ERROR_REGISTRY },
		{ "what", 418, ERROR_INPUT },
		{ "", 0, ERROR_INPUT },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed,
		    engine_registry_kind_of(rows[i].words, rows[i].status, ERROR_INPUT) ==
			rows[i].kind,
		    "%s", rows[i].words);
	rows_end(failed);
}

static void
test_push_tells_what_is_done_and_not_how_far_it_is(void **state)
{
	static const struct {
		const char *message;
		bool told;
	} rows[] = {
		{ "{\"status\":\"The push refers to repository [r.example/k/x-1]\"}", true },
		{ "{\"status\":\"Preparing\",\"progressDetail\":{},\"id\":\"5f70\"}", false },
		{ "{\"status\":\"Waiting\",\"progressDetail\":{},\"id\":\"5f70\"}", false },
		{ "{\"status\":\"Pushing\",\"progressDetail\":{\"current\":1},\"progress\":\"[>  ]\",\"id\":\"5f70\"}",
		    false },
		{ "{\"status\":\"Pushed\",\"progressDetail\":{},\"id\":\"5f70\"}", true },
		{ "{\"status\":\"Layer already exists\",\"progressDetail\":{},\"id\":\"5f70\"}",
		    true },
		{ "{\"status\":\"Mounted from k/base\",\"progressDetail\":{},\"id\":\"5f70\"}",
		    true },
		{ "{\"status\":\"1: digest: sha256:00 size: 527\"}", true },
		{ "{\"progressDetail\":{},\"aux\":{\"Tag\":\"1\",\"Size\":527}}", false },
		{ "{\"errorDetail\":{\"message\":\"no\"},\"error\":\"no\"}", false },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_json json_t *message = json_loads(rows[i].message, 0, NULL);

		row_check(failed, engine_registry_tells(message) == rows[i].told, "%s",
		    rows[i].message);
	}
	rows_end(failed);
}

/* A configuration with a registry, and a password file in the folder if its mode is not 0. */
static struct config
config_with(const struct folder *folder, const char *password, size_t length, mode_t mode)
{
	static char path[128];
	struct config config = { 0 };

	config.registry.address = (char *)(uintptr_t) "r.example:5000";
	config.registry.namespace = (char *)(uintptr_t) "team/kabuto";
	config.registry.username = (char *)(uintptr_t) "me";
	snprintf(path, sizeof path, "%s/password", folder->path);
	config.registry.password_file = path;
	if (mode != 0) {
		file_put(folder->fd, "password", password, length);
		assert_int_equal(fchmodat(folder->fd, "password", mode, 0), 0);
	}
	return config;
}

static void
test_password_file_is_taken_without_its_newline(void **state)
{
	static const struct {
		const char *text, *password;
	} rows[] = { { "secret", "secret" }, { "secret\n", "secret" }, { "secret\r\n", "secret" },
		{ " two words ", " two words " }, { "a\nb\n", "a\nb" },
		{ "\xc3\xa9", "\xc3\xa9" } };
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config config =
		    config_with(*state, rows[i].text, strlen(rows[i].text), 0600);
		cleanup_login struct registry_login login = { 0 };
		struct error err;

		must(registry_log_in(&config, &login, &err), &err);
		row_check(failed, strcmp(login.password, rows[i].password) == 0, "'%s'",
		    login.password);
		assert_string_equal(login.address, "r.example:5000");
		assert_string_equal(login.username, "me");
	}
	rows_end(failed);
}

static void
test_password_file_that_does_not_do_is_refused(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		mode_t mode; /* 0: there is no file */
		const char *says;
	} rows[] = {
		{ "", 0, 0, "No such file" },
		{ "secret", 6, 0604, "may be read by others" },
		{ "secret", 6, 0602, "may be read by others" },
		{ "", 0, 0600, "contains no password" },
		{ "\n", 1, 0600, "contains no password" },
		{ "se\0cret", 7, 0600, "contains no password" },
		{ "secret\xff", 7, 0600, "not UTF-8" },
	};
	const struct folder *folder = *state;
	char *large = calloc(1, REGISTRY_PASSWORD + 1);
	struct config config;
	struct error err;
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)unlinkat(folder->fd, "password", 0);
		config = config_with(folder, rows[i].text, rows[i].length, rows[i].mode);
		row_check(failed, !registry_check(&config, &err), "%s", rows[i].says);
		row_check(failed, strstr(err.text, rows[i].says) != NULL, "%s", err.text);
		row_check(failed, strstr(err.text, "secret") == NULL, "%s", err.text);
	}
	memset(large, 'x', REGISTRY_PASSWORD);
	config = config_with(folder, large, REGISTRY_PASSWORD, 0600);
	free(large);
	assert_false(registry_check(&config, &err));
	assert_non_null(strstr(err.text, "more than 4095 bytes"));
	config.registry.password_file = (char *)(uintptr_t)folder->path;
	assert_false(registry_check(&config, &err));
	assert_non_null(strstr(err.text, "is not a file"));
	rows_end(failed);
}

static void
test_password_file_of_another_user_or_group_is_refused(void **state)
{
	const struct folder *folder = *state;
	struct config config = config_with(folder, "secret", 6, 0640);
	struct error err;

	if (geteuid() != 0)
		skip();
	assert_true(registry_check(&config, &err));
	assert_int_equal(fchownat(folder->fd, "password", 0, 12345, 0), 0);
	assert_false(registry_check(&config, &err));
	assert_int_equal(fchmodat(folder->fd, "password", 0600, 0), 0);
	assert_true(registry_check(&config, &err));
	assert_int_equal(fchownat(folder->fd, "password", 12345, 0, 0), 0);
	assert_false(registry_check(&config, &err));
}

static void
test_without_a_registry_or_a_username_no_password_is_asked_for(void **state)
{
	struct config config = config_with(*state, NULL, 0, 0);
	struct registry_login login;
	struct error err;

	config.registry.password_file = config.registry.username = (char *)(uintptr_t) "";
	must(registry_log_in(&config, &login, &err), &err);
	assert_string_equal(login.address, "r.example:5000");
	assert_null(login.username);
	config.registry.address = (char *)(uintptr_t) "";
	must(registry_log_in(&config, &login, &err), &err);
	assert_null(login.address);
}

static void
test_password_is_taken_out_of_the_environment(void **state)
{
	struct config config = config_with(*state, NULL, 0, 0);
	cleanup_login struct registry_login login = { 0 };
	const char *memory;
	struct error err;

	config.registry.password_file = (char *)(uintptr_t) "";
	assert_false(registry_check(&config, &err));
	assert_non_null(strstr(err.text, REGISTRY_ENVIRONMENT));
	assert_int_equal(setenv(REGISTRY_ENVIRONMENT, "from outside", 1), 0);
	memory = getenv(REGISTRY_ENVIRONMENT);
	registry_take_environment();
	assert_null(getenv(REGISTRY_ENVIRONMENT));
	assert_true(memory[0] == '\0' && memory[5] == '\0');
	must(registry_log_in(&config, &login, &err), &err);
	assert_string_equal(login.password, "from outside");
	registry_log_out(&login);
	assert_true(login.password[0] == '\0' && login.password[5] == '\0');
}

static void
test_names_of_images(void **state)
{
	static const struct {
		const char *tag;
		int64_t image, build; /* 0: it is none of ours */
	} rows[] = {
		{ "kabuto/abc-12:34", 12, 34 },
		{ "kabuto/abc-12:34-f00d", 12, 34 },
		{ "kabuto/abc-12:-f00d", 0, 0 },
		{ "kabuto/abc-12:x-34", 0, 0 },
		{ "r.example:5000/team/kabuto/abc-12:34", 12, 34 },
		{ "localhost/kabuto/abc-1:2", 1, 2 },
		{ "kabuto/abc-sandbox:latest", 0, 0 },
		{ "kabuto/abd-12:34", 0, 0 },
		{ "kabuto/abcd-12:34", 0, 0 },
		{ "abc-12:34", 0, 0 },
		{ "kabuto/abc-12", 0, 0 },
		{ "kabuto/abc-12:", 0, 0 },
		{ "kabuto/abc-:34", 0, 0 },
		{ "kabuto/abc-12:latest", 0, 0 },
		{ "kabuto/abc-12/x:1", 0, 0 },
	};
	struct config config = config_with(*state, NULL, 0, 0);
	struct imagename name;
	int failed = 0;

	imagename_make(&name, &config, "abc", 12, 34, "f00");
	assert_string_equal(name.local, "kabuto/abc-12:34-f00");
	assert_string_equal(name.remote, "r.example:5000/team/kabuto/abc-12:34-f00");
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t image = 0, build = 0;
		bool ours = imagename_parse(rows[i].tag, "abc", &image, &build);

		row_check(failed, ours == (rows[i].image != 0), "%s", rows[i].tag);
		row_check(failed, !ours || (image == rows[i].image && build == rows[i].build),
		    "%s: %lld:%lld", rows[i].tag, (long long)image, (long long)build);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers_are_json_in_padded_base64url),
		cmocka_unit_test(test_words_of_a_failed_transfer_tell_what_may_pass),
		cmocka_unit_test(test_push_tells_what_is_done_and_not_how_far_it_is),
		cmocka_unit_test(test_password_file_is_taken_without_its_newline),
		cmocka_unit_test(test_password_file_that_does_not_do_is_refused),
		cmocka_unit_test(test_password_file_of_another_user_or_group_is_refused),
		cmocka_unit_test(test_without_a_registry_or_a_username_no_password_is_asked_for),
		cmocka_unit_test(test_password_is_taken_out_of_the_environment),
		cmocka_unit_test(test_names_of_images),
	};

	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
