#ifndef KABUTO_CONTENTHASH_H
#define KABUTO_CONTENTHASH_H
/*
 * The hash of what an image is built from: the Dockerfile, the build arguments in their order, and
 * the names and contents of the context's files. Two builds of the same hash make the same image,
 * as far as the images and hosts that their Dockerfile names are still the same.
 */
#include <stdbool.h>

#include "attachment.h"
#include "digest.h"
#include "error.h"

/*
 * Computes the hash. Each file has its digest. dockerfile: the text that is written to the file
 * Dockerfile; NULL: this file is one of the files. build_arg: JSON array, or NULL.
 */
bool contenthash_make(const struct attachments *files, const char *dockerfile,
    const char *build_arg, unsigned char hash[static DIGEST_BYTES], struct error *err);

#endif
