#ifndef KABUTO_DOCKERFILE_WORD_H
#define KABUTO_DOCKERFILE_WORD_H
/*
 * The words of a Dockerfile: how they are separated, and how their variables are replaced.
 *
 * The rules are those of BuildKit's frontend/dockerfile/shell/lex.go, which the classic builder
 * uses, too: $NAME, ${NAME}, ${NAME:-word}, ${NAME-word}, ${NAME:+word}, ${NAME+word},
 * ${NAME:?word}, ${NAME?word}, ${NAME#pattern}, ${NAME##pattern}, ${NAME%pattern},
 * ${NAME%%pattern}, ${NAME/pattern/word} and ${NAME//pattern/word}. Quotes and escapes are removed.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Returns the value of a variable, valid until the next call; NULL: it has none. */
typedef const char *dockerfile_word_value(void *context, const char *name);

/*
 * Returns the word after the replacement of its variables. A variable without a value becomes
 * empty. The caller frees it. NULL with err set; ERROR_INPUT: the word is malformed or too long, or
 * a "${NAME:?word}" has no value.
 */
char *dockerfile_word_expand(const char *word, char escape, dockerfile_word_value *value,
    void *context, struct error *err);

/*
 * Returns the first word of *at, with its quotes and escapes, and moves *at after it. The caller
 * frees the word. NULL: there is none, or no memory.
 */
char *dockerfile_word_take(const char **at, char escape);

#endif
