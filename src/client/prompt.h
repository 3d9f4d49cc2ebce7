#ifndef KABUTO_PROMPT_H
#define KABUTO_PROMPT_H
/*
 * Questions to the user at the terminal, and secrets from the standard input.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define PROMPT_MOST 2048 /* bytes of an answer, NUL included */

/*
 * Prints the question on the controlling terminal and reads a line from it. secret: the terminal
 * does not show what is typed. A signal that ends the program restores the terminal first. Fails if
 * there is no terminal; the error's text is `otherwise`.
 */
bool prompt_ask(const char *question, bool secret, char answer[static PROMPT_MOST],
    const char *otherwise, struct error *err);

/* Reads the first line of the standard input. what: its name in errors. */
bool prompt_read_line(const char *what, char line[static PROMPT_MOST], struct error *err);

/* Wipes an answer. cleanup_answer_text does it at the end of the scope. */
void prompt_wipe(char (*answer)[PROMPT_MOST]);
#define cleanup_prompt __attribute__((cleanup(prompt_wipe)))

#endif
