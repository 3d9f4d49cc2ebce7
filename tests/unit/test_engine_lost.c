/*
 * The words of Docker and Podman for an image that was removed while a build used it, as they were
 * seen.
 */
#include "support.h"

#include "engine_lost.h"

#define HEX "6cc8ee370334e37b5f0f42d650eaf4d85ae5e77be2e7f00a748c3a7d6188c517"
#define ID  "sha256:" HEX

static void
test_lost_image_is_told_from_a_fault_of_the_dockerfile(void **state)
{
	static const struct {
		const char *error;
		bool lost;
	} rows[] = {
		{ "unable to find image \"" ID "\"", true },
		{ "No such image: " ID, true },
		{ "failed to export image: No such image: " ID, true },
		{ "failed to get destination image \"" ID "\": No such image: " ID, true },
		{ "failed to resolve image id \"" ID "\" to a descriptor: No such image: " ID,
		    true },
		/* Docker's own image store */
		{ "failed to get digest " ID ": open /d/image/overlay2/imagedb/content/sha256/" HEX
		  ": no such file or directory",
		    true },
		{ "failed to export image: failed to set parent " ID
		  ": unknown parent image ID " ID,
		    true },
		{ "unknown parent image ID " ID, true },
		{ "unrecognized image ID " ID, true },
		/* containerd's */
		{ "NotFound: content digest " ID ": not found", true },
		{ "failed to read config content: NotFound: content digest " ID ": not found",
		    true },
		{ "rpc error: code = NotFound desc = content digest " ID ": not found", true },
		{ "NotFound: parent snapshot " ID " does not exist: not found", true },
		{ "failed to get destination image \"" ID
		  "\": unexpected media type  for : not found",
		    true },
		/* Podman */
		{ "checking if cached image exists from a previous build: getting top layer info: "
		  "layer not known",
		    true },
		{ "reading image \"" HEX "\": locating image with ID \"" HEX "\": image not known",
		    true },
		/* The user's own, which another try does not mend. */
		{ "", false },
		{ ID, false },
		{ HEX, false },
		{ "No such image: sha256:6cc8", false },
		{ "No such image: " ID "0", false },
		{ "pull access denied for nosuch, repository does not exist or may require 'docker "
		  "login': denied: requested access to the resource is denied",
		    false },
		{ "manifest for busybox@" ID " not found: manifest unknown", false },
		{ "No such image: busybox@" ID, false },
		{ "creating build container: nosuch:latest: image not known", false },
		{ "building at STEP \"RUN x: layer not known\": while running runtime: exit status 1",
		    false },
		{ "The command '/bin/sh -c echo No such image: " ID "' returned a non-zero code: 1",
		    false },
		{ "COPY failed: file not found in build context or excluded by .dockerignore: stat "
		  "unable to find image \"" ID "\": file does not exist",
		    false },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed, engine_lost_image(rows[i].error) == rows[i].lost, "row %zu: %s",
		    i, rows[i].error);
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost_image_is_told_from_a_fault_of_the_dockerfile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
