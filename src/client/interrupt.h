#ifndef KABUTO_INTERRUPT_H
#define KABUTO_INTERRUPT_H
/*
 * SIGINT (Ctrl-C), SIGTERM and SIGHUP as flags that work checks, so that a command decides what
 * they mean at each moment. The third signal ends the program at once, whatever it waits for.
 */
#include <signal.h>

/*
 * Catches the signals from now on. A signal that is ignored stays so: nohup(1) ignores SIGHUP, and
 * a shell ignores SIGINT for what it runs in the background. Also ignores SIGPIPE, so that a write
 * to a closed pipe fails with EPIPE.
 */
void interrupt_begin(void);

/* Returns a flag that the first, or the second, signal sets. */
const volatile sig_atomic_t *interrupt_first(void);
const volatile sig_atomic_t *interrupt_second(void);

/* Returns the first signal that came; 0: none. */
int interrupt_signal(void);

/* Returns the exit code of a command that such a signal ended: 128 + its number. */
int interrupt_code(void);

#endif
