#ifndef KABUTO_SHELLLINE_H
#define KABUTO_SHELLLINE_H
/*
 * The words after "--" as the server's `command`.
 */
#include <stddef.h>

/*
 * Makes a line that /bin/sh splits into the same words. One word alone is a shell line already, and
 * is copied as it is. The caller frees the result. NULL: not enough memory.
 */
char *shellline_of(char *const *words, size_t count);

/* Quotes one word, so that it can be pasted into a shell. The caller frees it. NULL: no memory. */
char *shellline_quote(const char *word);

/* Makes a JSON array of the words, which runs without a shell. NULL: no memory, or no UTF-8. */
char *shellline_array(char *const *words, size_t count);

#endif
