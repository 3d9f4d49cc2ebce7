/*
 * Hashes of contexts.
 */
#include "contenthash.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static int
contenthash_by_name(const void *a, const void *b)
{
	const struct attachment *const *first = a, *const *second = b;

	return strcmp((*first)->name, (*second)->name);
}

bool
contenthash_make(const struct attachments *files, const char *dockerfile, const char *build_arg,
    unsigned char hash[static DIGEST_BYTES], struct error *err)
{
	cleanup_free const struct attachment **sorted = calloc(files->count + 1, sizeof sorted[0]);
	char name[] = "Dockerfile";
	struct attachment text = { .name = name };
	size_t count = files->count;
	struct digest digest;

	if (sorted == NULL)
		return error_set(err, ERROR_SYSTEM, "hash a context: not enough memory");
	for (size_t i = 0; i < count; i++)
		sorted[i] = &files->items[i];
	if (dockerfile != NULL) {
		digest_begin(&digest);
		digest_bytes(&digest, dockerfile, strlen(dockerfile));
		digest_end(&digest, text.digest);
		sorted[count++] = &text;
	}
	qsort(sorted, count, sizeof sorted[0], contenthash_by_name);
	if (build_arg == NULL)
		build_arg = "[]";
	digest_begin(&digest);
	digest_add(&digest, "build_arg", build_arg, strlen(build_arg));
	for (size_t i = 0; i < count; i++)
		digest_add(&digest, sorted[i]->name, sorted[i]->digest, DIGEST_BYTES);
	digest_end(&digest, hash);
	return true;
}
