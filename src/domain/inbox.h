#ifndef KABUTO_INBOX_H
#define KABUTO_INBOX_H
/*
 * A job's inbox: the folder inbox/<token> with its attachments. It is made in a staging folder, and
 * published whole. Jobs that have the same file have hard links of it, each in its own inbox, so
 * the removal of one job leaves the other's files.
 */
#include "attachment.h"
#include "error.h"
#include "secret.h"
#include "spool.h"
#include "staging.h"

/* The name of the inbox in the staging folder of an upload. */
#define INBOX_STAGED "inbox"

/* Makes an empty inbox, with this name, in the staging folder. */
bool inbox_make(const struct staging *staging, const char *name, struct error *err);

/*
 * Adds to the list, and to the inbox `name` in the staging folder, those files of the inbox `token`
 * that `former` has and the list has not (attachment_merge).
 */
bool inbox_link(const struct spool *spool, const char *token, const struct staging *staging,
    const char *name, struct attachments *list, const struct attachments *former, int64_t most,
    struct error *err);

/* Flushes the inbox `name` of the staging folder, and moves it to inbox/ under a new token. */
bool inbox_publish(const struct spool *spool, const struct staging *staging, const char *name,
    char token[static NAME_TEXT], struct error *err);

#endif
