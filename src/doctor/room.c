/* The collection that probes work in, and the promise that nothing else is touched.
 *
 * Its name is random, and it is used only when MKCOL has answered 201: so it was not there before,
 * and its URL leads to it. Where MKCOL was sent and the answer is not known (a proxy that gave up,
 * a signal), it may be there: then it is removed only if a look shows a collection without members.
 *
 * What cannot be removed is said, with its URL; it is never tried with anything but DELETE of that
 * one URL. A lock that is held within would keep it, and is given back before. */
#include "doctor/room.h"

#include "base/random.h"
#include "doctor/listing.h"
#include "http/status.h"

static const char *make_url(struct visit *visit)
{
    struct buf url = {0};
    buf_addf(&url, "%s%s/", visit->options->url, visit->room_name);
    const char *text = arena_text(visit->arena, buf_str(&url));
    buf_done(&url);
    return text;
}

void room_make(struct visit *visit)
{
    visit->room_name = visit_text(visit, "davit-doctor-%016llx", (unsigned long long)random_u64());
    const char *url = make_url(visit);
    const struct question question = {.method = "MKCOL", .url = url};
    const struct reply *reply = visit_ask(visit, &question);
    bool is_unknown = !reply->status || reply->status >= HTTP_INTERNAL_ERROR;
    if (reply->status == HTTP_CREATED || is_unknown)
        visit->left = url;
    if (reply->status == HTTP_CREATED)
        visit->room = url;
    else
        visit_refused(visit, "MKCOL", reply);
}

/* Of one whose making was not answered. */
static bool is_there_and_empty(struct visit *visit, const char *url)
{
    struct probe_result nothing = {0};
    struct listing listing;
    visit->result = &nothing;
    return visit_list(visit, url, "1", &listing) && listing.count == 1 &&
           listing.members[0].is_collection;
}

void room_remove(struct visit *visit, struct diagnosis *diagnosis)
{
    const struct question question = {.method = "DELETE", .url = visit->left};
    if (!visit->left)
        return;
    asker_ignore_interruption(visit->asker);
    if (visit->locked)
        (void)visit_unlock(visit); /* the DELETE shows it */
    if (!visit->room && !is_there_and_empty(visit, visit->left)) {
        const struct reply *look = visit_get(visit, visit->left);
        if (look->status == HTTP_NOT_FOUND)
            return;
        diagnosis->left = visit->left;
        diagnosis->left_why = "whether it was made is not known";
        return;
    }
    const struct reply *reply = visit_ask(visit, &question);
    bool is_gone = (http_is_success(reply->status) && reply->status != HTTP_MULTI_STATUS) ||
                   reply->status == HTTP_NOT_FOUND;
    if (is_gone)
        return;
    diagnosis->left = visit->left;
    diagnosis->left_why = visit_text(visit, "DELETE is answered %s", visit_describe(visit, reply));
}
