/*
 * Handles images: requests builds of them, which the spooler does, lists, shows and deletes them.
 */
#include "images.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "build.h"
#include "cleanup.h"
#include "commit.h"
#include "image.h"
#include "list.h"
#include "response.h"

#define NAME_MOST      255    /* bytes of an image's name */
#define BUILD_ARG_MOST 100000 /* bytes of all build arguments; the engine gets them in a URL */

#define SOURCE_PARAMETERS                                                                          \
	{ .name = "dockerfile", .type = PARAMETER_TEXT, .file = true },                            \
	    { .name = "repo_url", .type = PARAMETER_TEXT, .most = 2000 },                          \
	    { .name = "nocache", .type = PARAMETER_BOOLEAN },                                      \
	    { .name = "build_arg", .type = PARAMETER_PAIRS, .least = 1 },                          \
	{                                                                                          \
		.name = "attachments", .type = PARAMETER_FILES, .folder = UPLOAD_CONTEXT           \
	}

const struct parameter images_create_parameters[] = {
	{ .name = "name", .type = PARAMETER_TEXT, .required = true, .least = 1, .most = NAME_MOST },
	SOURCE_PARAMETERS,
	{ 0 },
};

const struct parameter images_update_parameters[] = {
	{ .name = "name", .type = PARAMETER_TEXT, .least = 1, .most = NAME_MOST },
	SOURCE_PARAMETERS,
	{ 0 },
};

/*
 * Checks the source of the image. If both are given, repo_url is used and *dockerfile becomes NULL.
 * uploaded: whether the attachments contain the Dockerfile.
 */
static bool
images_check_source(const struct request *req, bool uploaded, const char **dockerfile,
    const char **repo_url, struct error *err)
{
	if (*repo_url != NULL && (*repo_url)[0] == '\0')
		*repo_url = NULL;
	if (*repo_url != NULL) {
		*dockerfile = NULL;
		return req->upload.parts[UPLOAD_CONTEXT].files.count == 0 ||
		    error_set(err, ERROR_INPUT,
			"attachments: a repo_url takes no files; put them into the repository, or send "
			"a dockerfile");
	}
	if (*dockerfile == NULL || (*dockerfile)[0] == '\0')
		return error_set(err, ERROR_INPUT,
		    uploaded
			? "dockerfile: the file 'Dockerfile' is empty"
			: "dockerfile: is missing (or give a repo_url, or an attachment with the name "
			  "Dockerfile)");
	if ((*dockerfile)[0] == '@')
		return error_set(err, ERROR_INPUT,
		    "dockerfile: this is the path of a file, not its text; with curl use "
		    "--data-urlencode dockerfile@path, or -F dockerfile=@path");
	return true;
}

/*
 * Checks the name of a build argument. Those of BuildKit itself (BUILDKIT_SYNTAX and so on) would
 * let another image interpret the Dockerfile, or share caches with other accounts.
 *
 * The predefined proxies (Dockerfile reference, "Predefined ARGs"; BuildKit ignores their case) are
 * no part of a cached step's key: another account's build of the same step would get what this
 * proxy answered.
 */
static bool
images_check_argument(const char *pair, struct error *err)
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
images_read_arguments(const struct request *req, char **arguments, struct error *err)
{
	for (size_t i = 0; i < req->values.count; i++) {
		const struct value *value = &req->values.items[i];

		if (strcmp(value->parameter->name, "build_arg") == 0 &&
		    !images_check_argument(value->text, err))
			return false;
	}
	if (!request_pairs(req, "build_arg", arguments, err))
		return false;
	return *arguments == NULL || strlen(*arguments) <= BUILD_ARG_MOST ||
	    error_set(err, ERROR_TOO_LARGE, "build_arg: all together must have at most %d bytes",
		BUILD_ARG_MOST);
}

/* Creates a build of image (0: a new image) from the call's parameters and files. */
static bool
images_begin_build(struct request *req, struct response *res, int64_t image, struct error *err)
{
	const char *dockerfile = request_text(req, "dockerfile"),
		   *repo_url = request_text(req, "repo_url");
	struct build_request build = { .viewer = &req->caller.account,
		.image = image,
		.builds_max = req->config->builds_max,
		.name = request_text(req, "name"),
		.nocache = request_flag(req, "nocache"),
		.staging = &req->upload.staging };
	cleanup_free char *arguments = NULL, *uploaded = NULL;
	struct database *db;
	char id_text[24];
	int64_t id;

	if (dockerfile != NULL && dockerfile[0] == '\0')
		dockerfile = NULL;
	if (dockerfile == NULL) {
		if (!upload_read(&req->upload, UPLOAD_CONTEXT, "Dockerfile", TEXT_MOST, &uploaded,
			err))
			return false;
		dockerfile = uploaded;
	}
	if (!images_check_source(req, uploaded != NULL, &dockerfile, &repo_url, err))
		return false;
	build.dockerfile = dockerfile;
	build.repo_url = repo_url;
	if (!images_read_arguments(req, &arguments, err))
		return false;
	build.build_arg = arguments;
	if (!upload_open(&req->upload, UPLOAD_CONTEXT, "attachments", err))
		return false;
	if (dockerfile != NULL && uploaded == NULL &&
	    !upload_text(&req->upload, UPLOAD_CONTEXT, "Dockerfile", dockerfile, err))
		return false;
	db = commit_begin(req, err);
	if (db == NULL || !build_create(db, &req->server->spool, &build, &id, &image, err))
		return false;
	commit_object(req, image);
	commit_wake(req);
	snprintf(id_text, sizeof id_text, "%lld", (long long)id);
	return response_pack(res, err, 200, "{s:s, s:s}", "status", "Your image is being built",
	    "build_id", id_text);
}

bool
images_create(struct request *req, struct response *res, struct error *err)
{
	return images_begin_build(req, res, 0, err);
}

bool
images_update(struct request *req, struct response *res, struct error *err)
{
	struct database *db = request_database(req, err);
	int64_t account = 0;

	/* build_create checks this again. This check avoids storing files in vain. */
	return db != NULL &&
	    image_owner(db, &req->caller.account, request_id(req, "image"), &account, err) &&
	    images_begin_build(req, res, request_id(req, "image"), err);
}

bool
images_delete(struct request *req, struct response *res, struct error *err)
{
	struct database *db = commit_begin(req, err);

	if (db == NULL ||
	    !build_delete_image(db, &req->caller.account, request_id(req, "image"), err))
		return false;
	commit_wake(req);
	return response_pack(res, err, 200, "{s:s}", "status", "Successfully deleted the image");
}

static bool
images_add_image(const struct image *image, void *context, struct error *err)
{
	struct list *list = context;
	bool admin = list->req->caller.account.admin;

	return list_add(list, image->id,
	    json_pack("{s:I, s:s*, s:s, s:s?, s:o, s:o}", "id", (json_int_t)image->id, "account",
		admin ? image->login : NULL, "name", image->name, "dockerfile", image->dockerfile,
		"build_arg",
		image->build_arg != NULL ? json_loads(image->build_arg, 0, NULL) : json_array(),
		"creation_date", response_time(image->created_at)),
	    err);
}

static bool
images_add_all(struct list *list, struct error *err)
{
	const struct account viewer = list_viewer(list);

	return image_each(list->req->db, &viewer, list_name(list), &list->page, images_add_image,
	    list, err);
}

bool
images_list(struct request *req, struct response *res, struct error *err)
{
	static const struct list_kind all = { true, images_add_all };

	return list_answer(req, res, &all, err);
}

static bool
images_add_one(struct list *list, struct error *err)
{
	struct request *req = list->req;

	return image_show(req->db, &req->caller.account, request_id(req, "image"), images_add_image,
	    list, err);
}

bool
images_show(struct request *req, struct response *res, struct error *err)
{
	static const struct list_kind one = { true, images_add_one };

	return list_answer_whole(req, res, &one, err);
}
