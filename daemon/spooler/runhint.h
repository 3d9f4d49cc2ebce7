#ifndef KABUTO_RUNHINT_H
#define KABUTO_RUNHINT_H
/*
 * Says what to do next about an attempt that failed because /inbox is read-only, or because
 * a script in it has Windows line ends.
 */
#include "run.h"

/*
 * Writes the hint to text, if the last lines of the failed attempt's log or its
 * scripts give a reason for it; otherwise an empty text. The log must not be sealed yet.
 */
#define RUNHINT_TEXT 400
void runhint_find(struct run *run, char text[static RUNHINT_TEXT]);

#endif
