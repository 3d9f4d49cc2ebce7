#ifndef KABUTO_TOKENS_H
#define KABUTO_TOKENS_H
/*
 * Handlers of /account/token.
 */
#include "route.h"

handler tokens_create, tokens_list, tokens_show, tokens_delete;

extern const struct parameter tokens_create_parameters[];

#endif
