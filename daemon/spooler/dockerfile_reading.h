#ifndef KABUTO_DOCKERFILE_READING_H
#define KABUTO_DOCKERFILE_READING_H
/*
 * Lists the ways in which engines may read the lines of a Dockerfile (the rules are in
 * dockerfile.c).
 *
 * An instruction continues in the next line after an escape character, which the text itself can
 * choose. Engines differ in what they accept as an escape, a comment or a space. So each line is
 * read as if an instruction began there, in each way: alone, and joined with the next lines by
 * either escape character. Characters that only some engines read as spaces are refused.
 */
#include "error.h"

#define DOCKERFILE_SPACE " \t\r"

/*
 * Returns all readings that begin with an instruction that has rules, one a line. The caller frees
 * them. NULL with err set; ERROR_INPUT: engines could read the text in different ways.
 */
char *dockerfile_reading_list(const char *text, struct error *err);

#endif
