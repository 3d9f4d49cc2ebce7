#ifndef KABUTO_ENGINE_LOST_H
#define KABUTO_ENGINE_LOST_H
/*
 * What a failed build says about an image that was removed while the build used it.
 */
#include <stdbool.h>

/*
 * Whether a build's error says that the engine lost an image which it knew when the step began. A
 * classic build uses images without a name: those of its own steps, and all that were built on the
 * same image, among which it looks for a step that it need not repeat. Whoever removes one of them
 * meanwhile makes the build fail, though its Dockerfile is right. Another try succeeds.
 */
bool engine_lost_image(const char *error);

#endif
