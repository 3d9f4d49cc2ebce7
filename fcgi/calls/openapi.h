#ifndef KABUTO_OPENAPI_H
#define KABUTO_OPENAPI_H
/*
 * The API's description of itself.
 */
#include "route.h"

handler openapi_show;

#endif
