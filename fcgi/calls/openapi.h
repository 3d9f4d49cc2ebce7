#ifndef KABUTO_OPENAPI_H
#define KABUTO_OPENAPI_H
/*
 * The handler of /openapi.json.
 */
#include "route.h"

handler openapi_show;

#endif
