#ifndef KABUTO_BUILDFOLLOWER_H
#define KABUTO_BUILDFOLLOWER_H
/*
 * Follows the build of an image to its end, as follower.h does a job: each message of the engine
 * comes once, whatever happens to the connection or the server meanwhile.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "http.h"
#include "output.h"

/*
 * Follows the build. `to` gets its output as text; NULL: nobody does. *seen counts the messages of
 * the output: the first *seen ones are left out, and a call after an interruption goes on there.
 * *result gets the build as GET shows it at its end, without its output; the caller decrefs it.
 * Errors: follower_run's, and those of output_flush.
 */
bool buildfollower_run(struct http *http, int64_t build, struct output *to, int64_t *seen,
    json_t **result, struct error *err);

/* Whether the build, as buildfollower_run gives it, has made the image. */
bool buildfollower_succeeded(const json_t *build);

/*
 * Adds the text of one of the engine's messages: {"stream": ...}, {"status": ..., "id": ...,
 * "progress": ...} and {"error": ...}. Progress of single layers is left out, and colours where
 * display_colour gives none. Other messages have no text.
 */
bool buildfollower_print(struct output *to, const json_t *message, struct error *err);

#endif
