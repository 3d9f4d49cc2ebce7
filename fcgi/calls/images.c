/*
 * Handles images: requests builds of them, which the spooler does, lists, shows and deletes them.
 */
#include "images.h"

#include <stdio.h>

#include "build.h"
#include "buildform.h"
#include "commit.h"
#include "image.h"
#include "list.h"
#include "response.h"

#define NAME_MOST 255 /* bytes of an image's name */

#define SOURCE_PARAMETERS                                                                          \
	BUILDFORM_PARAMETERS, { .name = "repo_url", .type = PARAMETER_TEXT, .most = 2000 },        \
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

/* Checks that the call has one source. A repo_url is used alone: the dockerfile is ignored. */
static bool
images_check_source(const struct request *req, const struct buildform *form, const char *repo_url,
    struct error *err)
{
	if (repo_url == NULL)
		return buildform_check(form,
		    "(or give a repo_url, or an attachment with the name Dockerfile)", err);
	return req->upload.parts[UPLOAD_CONTEXT].files.count == 0 ||
	    error_set(err, ERROR_INPUT,
		"attachments: a repo_url takes no files; put them into the repository, or send "
		"a dockerfile");
}

/* Makes the build's row and folder, from what buildform_read has read. */
static bool
images_create_build(struct request *req, struct response *res, struct buildform *form,
    int64_t image, struct error *err)
{
	const char *repo_url = request_text(req, "repo_url");
	bool repository = repo_url != NULL && repo_url[0] != '\0';
	struct build_request build = { .viewer = &req->caller.account,
		.image = image,
		.builds_max = req->config->builds_max,
		.name = request_text(req, "name"),
		.dockerfile = repository ? NULL : form->dockerfile,
		.repo_url = repository ? repo_url : NULL,
		.build_arg = form->build_arg,
		.nocache = request_flag(req, "nocache"),
		.content_hash = repository ? NULL : form->content_hash,
		.staging = &req->upload.staging };
	struct database *db;
	char id_text[24];
	int64_t id;

	if (!images_check_source(req, form, build.repo_url, err) ||
	    !buildform_store(req, "attachments", repository ? NULL : form, err))
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

/* Creates a build of image (0: a new image) from the call's parameters and files. */
static bool
images_begin_build(struct request *req, struct response *res, int64_t image, struct error *err)
{
	struct buildform form;
	bool done =
	    buildform_read(req, &form, err) && images_create_build(req, res, &form, image, err);

	buildform_clear(&form);
	return done;
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
