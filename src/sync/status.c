#include "exchange/respond.h"
#include "sync/answer.h"
#include "sync/endpoint.h"

/* --- status.php --- */

static enum stage_end tell_status(struct exchange *x)
{
    struct sync_answer answer;
    sync_answer_begin(&answer, false);
    sync_answer_bool(&answer, "installed", true);
    sync_answer_bool(&answer, "maintenance", false);
    sync_answer_bool(&answer, "needsDbUpgrade", false);
    sync_answer_text(&answer, "version", STR(SYNC_VERSION ".0"));
    sync_answer_text(&answer, "versionstring", STR(SYNC_VERSION));
    sync_answer_text(&answer, "edition", STR_NONE);
    sync_answer_text(&answer, "productname", sync_service_of(x)->product);
    sync_answer_bool(&answer, "extendedSupport", false);
    return sync_answer_send(&answer, x, HTTP_OK);
}

const struct stage sync_status_stages[] = {{"tell status", tell_status, ANYWHERE}};

/* --- index.php/204 --- */

static enum stage_end tell_nothing(struct exchange *x)
{
    return respond_status(x, HTTP_NO_CONTENT);
}

const struct stage sync_reach_stages[] = {{"tell nothing", tell_nothing, ANYWHERE}};
