#ifndef KABUTO_JOBTEXT_H
#define KABUTO_JOBTEXT_H
/*
 * Texts about jobs: times, durations, amounts, states. A text that the server's object does not
 * have is "".
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "display.h"

#define JOBTEXT 48 /* bytes of a text that the functions below write, NUL included */

/* Returns the object's text, or "". It lives as long as the object. */
const char *jobtext_member(const json_t *object, const char *name);

/* Returns the number of the member, or of its member "id" if it is an object; 0: none. */
int64_t jobtext_id(const json_t *object, const char *name);

/* Reads a time by RFC 3339 in UTC: ms since 1970. Returns false for anything else, and NULL. */
bool jobtext_parse_time(const char *text, int64_t *time_ms);

/* Writes seconds: "0.4 s", "12 s", "3 min 20 s", "5 h 2 min", "3 d 4 h". Returns text. */
const char *jobtext_format_seconds(double seconds, char text[static JOBTEXT]);

/* Writes a local time with how long ago it was: "2026-11-28 22:10:05 (5 min ago)". Returns text. */
const char *jobtext_format_time(const char *time, char text[static JOBTEXT]);

/* Writes how long ago the time was: "5 min". Returns text. */
const char *jobtext_format_age(const char *time, char text[static JOBTEXT]);

/* How long the job has run, or runs already, in seconds; -1: it has not started. */
double jobtext_run_seconds(const json_t *job);

/* Returns the colour of a state. */
enum display_colour jobtext_state_colour(const char *state);

/* Returns the state as users read it: "in queue" for "in_queue". */
const char *jobtext_state(const char *state);

#endif
