/* Who has signed in, as clients show him, and how much room he has.
 *
 * The room is the mount's quota, or the file system's, as the properties of RFC 4331 tell it
 * of the mount's root; where nobody knows, clients read -3 as "no bound". To know may mean to
 * count, so it is asked on a worker. */
#include "sync/endpoint.h"
#include "sync/ocs.h"

enum { QUOTA_UNBOUNDED = -3 };

static struct store_quota find_quota(struct exchange *x)
{
    const struct sync_service *sync = sync_service_of(x);
    struct store_quota quota = {0};
    struct home *homes; /* made when files are asked for */
    x->seen = (struct seen_under){sync->prefix, sync->prefix};
    struct store *store = sync->dav.view_seen(&sync->dav, x, &homes);
    if (store_quota(store, sync->prefix, &quota) != STORE_OK)
        quota.is_known = false;
    return quota;
}

static void add_quota(struct sync_answer *answer, const struct store_quota *quota)
{
    uint64_t total = quota->available_bytes + quota->used_bytes; /* neither is above INT64_MAX */
    double relative = total ? (double)quota->used_bytes * 100 / (double)total : 0;
    sync_answer_object(answer, "quota");
    if (quota->is_known) {
        sync_answer_number(answer, "free", (int64_t)quota->available_bytes);
        sync_answer_number(answer, "used", (int64_t)quota->used_bytes);
        sync_answer_number(answer, "total", (int64_t)u64_min(total, INT64_MAX));
        sync_answer_number(answer, "relative", (int64_t)relative);
    }
    sync_answer_number(answer, "quota",
                       quota->is_known ? (int64_t)u64_min(total, INT64_MAX) : QUOTA_UNBOUNDED);
    sync_answer_close(answer);
}

static enum stage_end tell_user(struct exchange *x)
{
    struct sync_answer answer;
    struct str user = sync_user_of(x);
    struct store_quota quota = find_quota(x);
    ocs_begin(&answer, x);
    sync_answer_bool(&answer, "enabled", true);
    sync_answer_text(&answer, "id", user);
    sync_answer_text(&answer, "display-name", user);
    sync_answer_text(&answer, "displayname", user);
    sync_answer_text(&answer, "email", STR_NONE);
    sync_answer_list(&answer, "groups");
    sync_answer_close(&answer);
    sync_answer_text(&answer, "language", STR("en"));
    add_quota(&answer, &quota);
    return ocs_send(&answer, x);
}

const struct stage sync_user_stages[] = {{"tell who he is", tell_user, ON_WORKER}};
