#ifndef KABUTO_DISPLAY_H
#define KABUTO_DISPLAY_H
/*
 * The terminal: what stdout is, colours, width, pager, and texts of other people, whose control
 * characters must not reach it.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "error.h"

enum display_colour {
	DISPLAY_PLAIN,
	DISPLAY_BOLD,
	DISPLAY_DIM,
	DISPLAY_RED,
	DISPLAY_GREEN,
	DISPLAY_YELLOW,
	DISPLAY_BLUE,
	DISPLAY_COLOURS
};

/* Whether the stream is a terminal. True for stdout while the pager has it, too. */
bool display_is_terminal(FILE *stream);

/*
 * Returns the escape sequence that begins the colour, and for DISPLAY_PLAIN the one that ends it.
 * "" if the stream is no terminal, NO_COLOR is set and not empty (https://no-color.org), or TERM is
 * missing or "dumb".
 */
const char *display_colour(FILE *stream, enum display_colour colour);

/* The terminal's columns; 80 if they are unknown. COLUMNS counts before the terminal. */
int display_width(void);

/*
 * Returns a copy of text that is one line of valid UTF-8: each control character (C0, C1, DEL, and
 * those that change the direction of the text) is "?". The caller frees it. NULL: no memory.
 */
char *display_clean(const char *text);

/* Prints "kabuto: <formatted>" as one clean line on stderr. */
void display_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints err as such a line. Returns code. */
int display_failed(const struct error *err, int code);

/*
 * Lets what stdout gets go through $KABUTO_PAGER, $PAGER or less -FRX, if stdout and stdin are
 * terminals and there is such a program. An empty variable: no pager.
 */
void display_start_pager(void);

/*
 * Flushes stdout and waits for the pager. Returns status; EXIT_FAILED, with an error on stderr, if
 * something could not be written. A reader that went away (kabuto ps | head) is no error.
 */
int display_finish(int status);

/* Whether the reader of stdout went away: nothing more needs to be printed. */
bool display_is_over(void);

/*
 * Prints json as one JSON text with a newline on stdout: indented on a terminal, else one line. On
 * a terminal, control characters (display_clean) are escaped.
 */
void display_json(const json_t *json);

/* The same without a newline. flags are jansson's. */
void display_json_part(const json_t *json, size_t flags);

#endif
