/*
 * The table of routes against the API's description, in both directions.
 */
#include "support.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "fieldname.h"
#include "joboption.h"
#include "routes.h"

#include "openapi_text.h"

static json_t *description;

static int
read_description(void **state)
{
	json_error_t where;

	(void)state;
	description = json_loads(openapi_text, JSON_REJECT_DUPLICATES, &where);
	if (description == NULL)
		print_error("openapi.json:%d: %s\n", where.line, where.text);
	return description == NULL ? -1 : 0;
}

static int
drop_description(void **state)
{
	(void)state;
	json_decref(description);
	return 0;
}

/* What "#/a/b" refers to, or the value itself. */
static json_t *
resolved(json_t *value)
{
	const char *reference = json_string_value(json_object_get(value, "$ref"));
	char path[128], *rest = path, *word;

	if (reference == NULL)
		return value;
	snprintf(path, sizeof path, "%s", reference + 2);
	value = description;
	while ((word = strsep(&rest, "/")) != NULL)
		value = json_object_get(value, word);
	assert_non_null(value);
	return value;
}

/* "/pipeline/:pipeline/job" as the description has it: "/pipeline/{pipeline}/job". */
static void
template_of(const struct route *route, char *template, size_t size)
{
	size_t at = 0;

	for (const char *c = route->path; *c != '\0' && at + 2 < size; c++) {
		if (*c != ':' && *c != '*') {
			template[at++] = *c;
			continue;
		}
		template[at++] = '{';
		while (c[1] == '*')
			c++;
		while (c[1] != '\0' && c[1] != '/')
			template[at++] = *++c;
		template[at++] = '}';
	}
	template[at] = '\0';
}

static void
lower(const char *method, char text[static 8])
{
	size_t i;

	for (i = 0; method[i] != '\0'; i++)
		text[i] = (char)tolower((unsigned char)method[i]);
	text[i] = '\0';
}

static json_t *
operation_of(const struct route *route)
{
	char template[128], method[8];
	json_t *operation;

	template_of(route, template, sizeof template);
	lower(route->method, method);
	operation =
	    json_object_get(json_object_get(json_object_get(description, "paths"), template),
		method);
	if (operation == NULL)
		fail_msg("%s %s is not described", route->method, template);
	return operation;
}

static json_t *
parameter_in(json_t *operation, const char *in, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(operation, "parameters"), i, item) {
		item = resolved(item);
		if (strcmp(json_string_value(json_object_get(item, "in")), in) == 0 &&
		    strcmp(json_string_value(json_object_get(item, "name")), name) == 0)
			return item;
	}
	return NULL;
}

/* The schema of a body's parameters, and of its files. */
static json_t *
body_of(json_t *operation, const char *type)
{
	json_t *content = json_object_get(json_object_get(operation, "requestBody"), "content");

	return resolved(json_object_get(json_object_get(content, type), "schema"));
}

static bool
array_has(json_t *array, const char *text)
{
	json_t *item;
	size_t i;

	json_array_foreach (array, i, item)
		if (strcmp(json_string_value(item), text) == 0)
			return true;
	return false;
}

/* A property of a schema, or of those that it extends. */
static json_t *
property_of(json_t *schema, const char *name)
{
	json_t *found = json_object_get(json_object_get(schema, "properties"), name), *item;
	size_t i;

	json_array_foreach (json_object_get(schema, "allOf"), i, item)
		if (found == NULL)
			found = property_of(resolved(item), name);
	return found;
}

static void
check_schema(const struct parameter *p, json_t *schema)
{
	json_t *least = json_object_get(schema, "minimum"), *most;

	if (p->type == PARAMETER_NUMBER) {
		assert_int_equal(json_integer_value(least), p->least);
		most = json_object_get(schema, "maximum");
		assert_int_equal(most == NULL ? 0 : json_integer_value(most), p->most);
	}
	if (p->type == PARAMETER_BYTES)
		assert_int_equal(json_integer_value(least), p->least);
	if (p->type == PARAMETER_DECIMAL)
		assert_int_equal((int64_t)(json_number_value(least) * 1000 + 0.5), p->least);
	if ((p->type == PARAMETER_TEXT || p->type == PARAMETER_COMMAND) && p->most != 0)
		assert_int_equal(json_integer_value(json_object_get(schema, "maxLength")), p->most);
}

static void
check_parameter(const struct route *route, const struct parameter *p, json_t *operation)
{
	bool query = strcmp(route->method, "GET") == 0;
	json_t *body = query ? NULL : body_of(operation, "application/json");
	json_t *files = query ? NULL : body_of(operation, "multipart/form-data");
	json_t *found = query            ? parameter_in(operation, "query", p->name)
	    : p->type == PARAMETER_FILES ? property_of(files, p->name)
					 : property_of(body, p->name);

	if (found == NULL)
		fail_msg("%s %s: the parameter %s is not described", route->method, route->path,
		    p->name);
	check_schema(p, resolved(query ? json_object_get(found, "schema") : found));
	if (query)
		assert_false(p->required);
	else if (array_has(json_object_get(body, "required"), p->name) != p->required)
		fail_msg("%s %s: %s is described as %srequired", route->method, route->path,
		    p->name, p->required ? "not " : "");
}

static void
test_each_route_is_described_with_its_parameters(void **state)
{
	(void)state;
	for (const struct route *route = routes_all; route->method != NULL; route++) {
		json_t *operation = operation_of(route);

		for (const struct parameter *p = route->parameters; p != NULL && p->name != NULL;
		     p++)
			check_parameter(route, p, operation);
	}
}

/* What the answers show of each row of the two tables of features. */
static void
test_each_limit_and_option_is_described_in_the_answers(void **state)
{
	json_t *schemas = json_object_get(json_object_get(description, "components"), "schemas");
	json_t *job = json_object_get(json_object_get(schemas, "Job"), "properties");
	json_t *account = json_object_get(json_object_get(schemas, "Account"), "properties");
	json_t *limits = json_object_get(json_object_get(account, "limits"), "properties");
	json_t *told = json_object_get(json_object_get(schemas, "Job"), "required");
	json_t *always = json_object_get(json_object_get(account, "limits"), "required");

	(void)state;
	for (size_t i = 0; i < JOBOPTION_COUNT; i++)
		if (json_object_get(job, joboptions[i].name) == NULL ||
		    !array_has(told, joboptions[i].name))
			fail_msg("the option %s is not described in a job", joboptions[i].name);
	for (size_t i = 0; i < ACCOUNT_LIMITS; i++)
		if (json_object_get(limits, account_limits[i].answer) == NULL ||
		    !array_has(always, account_limits[i].answer))
			fail_msg("the limit %s is not described in an account",
			    account_limits[i].answer);
}

static void
test_each_route_says_whether_it_needs_a_session(void **state)
{
	(void)state;
	for (const struct route *route = routes_all; route->method != NULL; route++) {
		json_t *operation = operation_of(route);
		json_t *security = json_object_get(operation, "security");
		bool needs = (route->flags & NEEDS_SESSION) != 0;

		if ((security == NULL) != needs)
			fail_msg("%s %s: described as %sneeding a session", route->method,
			    route->path, needs ? "not " : "");
		if (needs)
			assert_non_null(json_object_get(json_object_get(operation, "responses"),
			    "401"));
		assert_int_equal(needs && strcmp(route->method, "POST") == 0 &&
			route->event != NULL && (route->flags & SECRET) == 0,
		    parameter_in(operation, "header", "Idempotency-Key") != NULL);
	}
}

static void
test_each_id_of_a_path_is_described(void **state)
{
	(void)state;
	for (const struct route *route = routes_all; route->method != NULL; route++) {
		json_t *operation = operation_of(route);
		char template[128], *at = template, name[32];

		template_of(route, template, sizeof template);
		while ((at = strchr(at, '{')) != NULL) {
			snprintf(name, sizeof name, "%.*s", (int)strcspn(at + 1, "}"), at + 1);
			if (parameter_in(operation, "path", name) == NULL)
				fail_msg("%s: {%s} is not described", template, name);
			at++;
		}
	}
}

/* The status of a success: a call that makes something at once may say 201. */
static const char *
success_of(json_t *operation)
{
	return json_object_get(json_object_get(operation, "responses"), "201") != NULL ? "201"
										       : "200";
}

static bool
has_header(json_t *operation, const char *status, const char *name)
{
	json_t *response =
	    resolved(json_object_get(json_object_get(operation, "responses"), status));

	return json_object_get(json_object_get(response, "headers"), name) != NULL;
}

static void
test_what_comes_as_headers_is_described(void **state)
{
	(void)state;
	for (const struct route *route = routes_all; route->method != NULL; route++) {
		json_t *operation = operation_of(route);
		bool pages = fieldname_find(route->parameters, "after").parameter != NULL &&
		    fieldname_find(route->parameters, "limit").parameter != NULL,
		     key = parameter_in(operation, "header", "Idempotency-Key") != NULL,
		     part = json_object_get(json_object_get(operation, "responses"), "206") != NULL;

		if (!has_header(operation, "405", "Allow") ||
		    has_header(operation, "200", "Link") != pages ||
		    has_header(operation, success_of(operation), "Idempotency-Replayed") != key ||
		    has_header(operation, "200", "Accept-Ranges") != part ||
		    has_header(operation, "206", "Content-Range") != part ||
		    has_header(operation, "416", "Content-Range") != part ||
		    has_header(operation, "304", "ETag") != part)
			fail_msg("%s %s: its headers are described otherwise", route->method,
			    route->path);
	}
}

/* What the web server, or any handler that fails, may answer to any call. */
static void
test_what_any_call_may_answer_is_described(void **state)
{
	static const char *const errors[] = { "400", "405", "414", "500", "503" };

	(void)state;
	for (const struct route *route = routes_all; route->method != NULL; route++) {
		json_t *operation = operation_of(route);
		json_t *responses = json_object_get(operation, "responses");

		if (json_object_get(responses, success_of(operation)) == NULL)
			fail_msg("%s %s: no success is described", route->method, route->path);
		for (size_t i = 0; i < COUNT(errors); i++)
			if (json_object_get(responses, errors[i]) == NULL)
				fail_msg("%s %s: %s is not described", route->method, route->path,
				    errors[i]);
	}
}

/* Of a HEAD it is that of GET, where it has one (routes.c). */
static const struct route *
route_of(const char *template, const char *method)
{
	for (const struct route *route = routes_all; route->method != NULL; route++) {
		char of_route[128], lowered[8];

		template_of(route, of_route, sizeof of_route);
		lower(route->method, lowered);
		if (strcmp(of_route, template) != 0)
			continue;
		if (strcmp(lowered, method) == 0 ||
		    (strcmp(method, "head") == 0 && strcmp(lowered, "get") == 0 &&
			(route->flags & (CHANGES | NO_HEAD)) == 0))
			return route;
	}
	return NULL;
}

/* Each name of the schema's properties, or of the query, is one that the route reads. */
static void
check_known(const struct route *route, const char *name)
{
	if (fieldname_find(route->parameters, name).parameter == NULL)
		fail_msg("%s %s: %s is described, and not read", route->method, route->path, name);
}

static void
check_described(const struct route *route, json_t *operation)
{
	json_t *item, *value;
	const char *name;
	size_t i;

	json_array_foreach (json_object_get(operation, "parameters"), i, item) {
		item = resolved(item);
		if (strcmp(json_string_value(json_object_get(item, "in")), "query") == 0)
			check_known(route, json_string_value(json_object_get(item, "name")));
	}
	json_object_foreach (json_object_get(body_of(operation, "application/json"), "properties"),
	    name, value)
		check_known(route, name);
	json_object_foreach (json_object_get(body_of(operation, "multipart/form-data"),
				 "properties"),
	    name, value)
		check_known(route, name);
}

static void
test_all_that_is_described_is_a_route(void **state)
{
	json_t *item, *operation;
	const char *template, *method;

	(void)state;
	json_object_foreach (json_object_get(description, "paths"), template, item)
		json_object_foreach (item, method, operation) {
			const struct route *route = route_of(template, method);

			if (route == NULL)
				fail_msg("%s %s is described, and is no route", method, template);
			check_described(route, operation);
		}
}

/* Whether a path may fit both: each pair of segments is the same word, or one of them is a name. */
static bool
may_fit_both(const char *a, const char *b)
{
	for (a++, b++; *a != '\0' && *b != '\0';) {
		size_t length_a = strcspn(a, "/"), length_b = strcspn(b, "/");
		bool named = strchr(":*", *a) != NULL || strchr(":*", *b) != NULL;

		if (strncmp(a, "**", 2) == 0 || strncmp(b, "**", 2) == 0)
			return true;
		if (!named && (length_a != length_b || strncmp(a, b, length_a) != 0))
			return false;
		a += length_a + (a[length_a] == '/');
		b += length_b + (b[length_b] == '/');
	}
	return *a == *b;
}

/* Whether a has a word where the two paths differ first, and b a name. */
static bool
is_more_exact(const char *a, const char *b)
{
	for (; *a != '\0' && *a == *b; a++, b++)
		;
	return strchr(":*", *a) == NULL && strchr(":*", *b) != NULL;
}

static void
test_of_two_routes_that_fit_a_call_the_more_exact_one_is_first(void **state)
{
	(void)state;
	assert_true(is_more_exact("/image/build/:build", "/image/:image/size"));
	assert_false(is_more_exact("/image/:image/size", "/image/build/:build"));
	for (const struct route *a = routes_all; a->method != NULL; a++)
		for (const struct route *b = a + 1; b->method != NULL; b++)
			if (strcmp(a->method, b->method) == 0 && may_fit_both(a->path, b->path) &&
			    !is_more_exact(a->path, b->path))
				fail_msg("%s: %s must be behind %s", a->method, a->path, b->path);
}

static void
test_operations_have_names_of_their_own(void **state)
{
	json_t *item, *operation, *seen = json_object();
	const char *template, *method;

	(void)state;
	json_object_foreach (json_object_get(description, "paths"), template, item)
		json_object_foreach (item, method, operation) {
			const char *id =
			    json_string_value(json_object_get(operation, "operationId"));

			if (json_object_get(seen, id) != NULL)
				fail_msg("operationId %s is there twice", id);
			json_object_set_new(seen, id, json_true());
		}
	json_decref(seen);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_route_is_described_with_its_parameters),
		cmocka_unit_test(test_each_limit_and_option_is_described_in_the_answers),
		cmocka_unit_test(test_each_route_says_whether_it_needs_a_session),
		cmocka_unit_test(test_each_id_of_a_path_is_described),
		cmocka_unit_test(test_what_comes_as_headers_is_described),
		cmocka_unit_test(test_what_any_call_may_answer_is_described),
		cmocka_unit_test(test_all_that_is_described_is_a_route),
		cmocka_unit_test(test_of_two_routes_that_fit_a_call_the_more_exact_one_is_first),
		cmocka_unit_test(test_operations_have_names_of_their_own),
	};

	return cmocka_run_group_tests(tests, read_description, drop_description);
}
