/*
 * Reads what an image is built from.
 */
#include "buildform.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "contenthash.h"

#define BUILD_ARG_MOST 100000 /* bytes of all build arguments; the engine gets them in a URL */

/*
 * Checks the name of a build argument. Those of BuildKit itself (BUILDKIT_SYNTAX and so on) would
 * let another image interpret the Dockerfile, or share caches with other accounts.
 *
 * The predefined proxies (Dockerfile reference, "Predefined ARGs"; BuildKit ignores their case) are
 * no part of a cached step's key: another account's build of the same step would get what this
 * proxy answered.
 */
static bool
buildform_check_argument(const char *pair, struct error *err)
{
	static const char *const proxies[] = { "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY",
		"ALL_PROXY" };
	size_t length = strcspn(pair, "=");

	if (strncasecmp(pair, "BUILDKIT_", 9) == 0)
		return error_set(err, ERROR_INPUT,
		    "build_arg: a name must not begin with BUILDKIT_, because these belong to the "
		    "engine's builder");
	for (size_t i = 0; i < length; i++)
		if (!isascii(pair[i])) /* BuildKit folds some letters to ASCII letters */
			return error_set(err, ERROR_INPUT,
			    "build_arg: a name must have ASCII characters only");
	for (size_t i = 0; i < sizeof proxies / sizeof proxies[0]; i++)
		if (length == strlen(proxies[i]) && strncasecmp(pair, proxies[i], length) == 0)
			return error_set(err, ERROR_INPUT,
			    "build_arg: %.*s would change cached steps of other users: write it after "
			    "FROM in the Dockerfile, as ARG %.*s=<address>",
			    (int)length, pair, (int)length, pair);
	return true;
}

static bool
buildform_read_arguments(const struct request *req, char **arguments, struct error *err)
{
	for (size_t i = 0; i < req->values.count; i++) {
		const struct value *value = &req->values.items[i];

		if (strcmp(value->parameter->name, "build_arg") == 0 &&
		    !buildform_check_argument(value->text, err))
			return false;
	}
	if (!request_pairs(req, "build_arg", arguments, err))
		return false;
	return *arguments == NULL || strlen(*arguments) <= BUILD_ARG_MOST ||
	    error_set(err, ERROR_TOO_LARGE, "build_arg: all together must have at most %d bytes",
		BUILD_ARG_MOST);
}

bool
buildform_read(const struct request *req, struct buildform *form, struct error *err)
{
	*form = (struct buildform){ .dockerfile = request_text(req, "dockerfile") };
	if (form->dockerfile != NULL && form->dockerfile[0] == '\0')
		form->dockerfile = NULL;
	if (form->dockerfile == NULL) {
		if (!upload_read(&req->upload, UPLOAD_CONTEXT, "Dockerfile", TEXT_MOST,
			&form->uploaded, err))
			return false;
		form->dockerfile = form->uploaded;
	}
	return buildform_read_arguments(req, &form->build_arg, err);
}

void
buildform_clear(struct buildform *form)
{
	free(form->uploaded);
	free(form->build_arg);
	*form = (struct buildform){ 0 };
}

bool
buildform_check(const struct buildform *form, const char *otherwise, struct error *err)
{
	if (form->uploaded != NULL && form->uploaded[0] == '\0')
		return error_set(err, ERROR_INPUT, "dockerfile: the file 'Dockerfile' is empty");
	if (form->dockerfile == NULL)
		return error_set(err, ERROR_INPUT, "dockerfile: is missing %s", otherwise);
	if (form->dockerfile[0] == '@')
		return error_set(err, ERROR_INPUT,
		    "dockerfile: this is the path of a file, not its text; with curl use "
		    "--data-urlencode dockerfile@path, or -F dockerfile=@path");
	return true;
}

bool
buildform_store(struct request *req, const char *parameter, struct buildform *form,
    struct error *err)
{
	const char *text = form == NULL || form->uploaded != NULL ? NULL : form->dockerfile;

	return upload_open(&req->upload, UPLOAD_CONTEXT, parameter, err) &&
	    (text == NULL || upload_text(&req->upload, UPLOAD_CONTEXT, "Dockerfile", text, err)) &&
	    (form == NULL ||
		contenthash_make(&req->upload.parts[UPLOAD_CONTEXT].files, text, form->build_arg,
		    form->content_hash, err));
}
