#ifndef KABUTO_ENGINE_TIME_H
#define KABUTO_ENGINE_TIME_H
/*
 * Times of the engine.
 */
#include <stdint.h>

/*
 * Reads a time of the engine: RFC 3339 with up to nine decimals. Returns milliseconds since 1970; 0
 * for NULL, for a text that is no time, and for year 1, which means "never".
 */
int64_t engine_time_read(const char *text);

#endif
