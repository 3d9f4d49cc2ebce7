#ifndef KABUTO_SANDBOX_LABEL_H
#define KABUTO_SANDBOX_LABEL_H
/*
 * What containers of Kabuto's own have in common.
 */
#define SANDBOX_HOSTNAME "job"            /* every job's host name */
#define SANDBOX_LABEL    "kabuto.sandbox" /* its value is the slot, or a word for another use */

#endif
