#ifndef KABUTO_PIPELINES_H
#define KABUTO_PIPELINES_H
/*
 * Handlers of /pipeline.
 */
#include "route.h"

handler pipelines_create, pipelines_list, pipelines_show, pipelines_submit, pipelines_cancel,
    pipelines_delete, pipelines_update;

extern const struct parameter pipelines_create_parameters[], pipelines_update_parameters[];

#endif
