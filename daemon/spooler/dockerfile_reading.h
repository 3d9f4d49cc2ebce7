#ifndef KABUTO_DOCKERFILE_READING_H
#define KABUTO_DOCKERFILE_READING_H
/*
 * How the lines of a Dockerfile may be read (the rules stand in dockerfile.c).
 *
 * An instruction goes on in the next line behind a character that the text itself may choose, and
 * engines differ in what they take for such an end, for a comment or for a space. So each line is
 * read as if an instruction began there, in each way: alone, and joined with those behind it by
 * either character. Spaces that are none to some reader are refused.
 */
#include "error.h"

#define DOCKERFILE_SPACE " \t\r"

/*
 * All readings that begin with an instruction that has rules, a line each: the caller's to free.
 * NULL with err set: ERROR_INPUT where the text cannot be read in one way by all.
 */
char *dockerfile_reading_list(const char *text, struct error *err);

#endif
