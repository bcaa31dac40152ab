/* Answers of version 1 and 2 differ in one number: the first says 100 where all is well, the second
 * what HTTP says. What is not there is told in the same envelope, so that no client takes it for a
 * page of somebody else. */
#include "sync/ocs.h"

#include "sync/endpoint.h"

static void add_meta(struct sync_answer *answer, bool is_fine, int64_t code, struct str message)
{
    sync_answer_object(answer, "ocs");
    sync_answer_object(answer, "meta");
    sync_answer_text(answer, "status", is_fine ? STR("ok") : STR("failure"));
    sync_answer_number(answer, "statuscode", code);
    sync_answer_text(answer, "message", message);
    sync_answer_close(answer);
}

static void begin(struct sync_answer *answer, const struct exchange *x)
{
    bool is_first = str_starts(sync_path_of(x), STR("ocs/v1.php/"));
    sync_answer_begin(answer, sync_wants_xml(x));
    add_meta(answer, true, is_first ? 100 : HTTP_OK, STR("OK"));
}

void ocs_begin(struct sync_answer *answer, const struct exchange *x)
{
    begin(answer, x);
    sync_answer_object(answer, "data");
}

void ocs_begin_list(struct sync_answer *answer, const struct exchange *x)
{
    begin(answer, x);
    sync_answer_list(answer, "data");
}

enum stage_end ocs_send(struct sync_answer *answer, struct exchange *x)
{
    sync_answer_close(answer);
    sync_answer_close(answer);
    return sync_answer_send(answer, x, HTTP_OK);
}

/* --- a list in which nothing is --- */

static enum stage_end tell_nothing(struct exchange *x)
{
    struct sync_answer answer;
    ocs_begin_list(&answer, x);
    return ocs_send(&answer, x);
}

const struct stage sync_nothing_stages[] = {{"tell nothing", tell_nothing, ANYWHERE}};

/* --- what is not there --- */

static enum stage_end send_failure(struct exchange *x, enum http_status status, int64_t code,
                                   struct str message)
{
    struct sync_answer answer;
    sync_answer_begin(&answer, sync_wants_xml(x));
    add_meta(&answer, false, code, message);
    sync_answer_list(&answer, "data");
    sync_answer_close(&answer);
    sync_answer_close(&answer);
    return sync_answer_send(&answer, x, status);
}

enum stage_end ocs_refuse(struct exchange *x, enum http_status status, struct str message)
{
    return send_failure(x, status, status, message);
}

static enum stage_end tell_unknown(struct exchange *x)
{
    return send_failure(x, HTTP_NOT_FOUND, OCS_UNKNOWN, STR("there is no such endpoint"));
}

const struct stage sync_unknown_stages[] = {{"tell that it is unknown", tell_unknown, ANYWHERE}};
