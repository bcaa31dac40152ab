/* Conversations with all of dav: each request of the input, behind a line "%%", is answered once;
 * an answer makes sense and its XML is well-formed; what is refused, and what only reads, changes
 * nothing; no locks are in each other's way, each has a resource; and nothing that a lock covers is
 * changed by who has not named its token (RFC 4918 §7). */
#include "dav/method.h"
#include "fuzz.h"
#include "support/xml_tree.h"
#include "text/etag.h"
#include "world.h"

enum { REQUESTS_MAX = 24 };

/* --- answers --- */

static void check_xml(struct str body)
{
    struct xml_tree tree;
    xml_tree_init(&tree, 1);
    FUZZ_CHECK(xml_read(body, &tree.events, &xml_limits_wide) == XML_OK);
    struct str log = buf_str(&tree.log);
    struct str first = str_from(log, str_index(log, '{'));
    FUZZ_CHECK(str_starts(first, STR("{DAV:}multistatus")) ||
               str_starts(first, STR("{DAV:}error")) || str_starts(first, STR("{DAV:}prop")));
    xml_tree_done(&tree);
}

static void check_answer(const struct answer *answer)
{
    struct str reason = http_reason(answer->status);
    FUZZ_CHECK(answer->status >= 200 && !str_eq(reason, STR("Unknown")));
    FUZZ_CHECK(answer->status != HTTP_INTERNAL_ERROR);
    FUZZ_CHECK(answer->status != HTTP_METHOD_NOT_ALLOWED || answer->allow.at);
    if (answer->status == HTTP_NO_CONTENT || answer->status == HTTP_NOT_MODIFIED)
        FUZZ_CHECK(answer->body.len == 0);
    FUZZ_CHECK(!answer->body.at || answer->is_whole);
    if (str_starts(answer->type, STR("application/xml")) && !str_eq(answer->method, STR("GET")) &&
        !str_eq(answer->method, STR("HEAD")))
        check_xml(answer->body);
    FUZZ_CHECK(answer->status != HTTP_MULTI_STATUS || answer->body.len);
    FUZZ_CHECK(answer->lock_token.len == 0 || str_eq(answer->method, STR("LOCK")));
}

/* --- changes --- */

static bool is_same_lock(const struct lock *a, const struct lock *b)
{
    return str_eq(a->token, b->token) && path_eq(a->root, b->root) &&
           a->expires_ms == b->expires_ms && a->is_exclusive == b->is_exclusive &&
           a->is_infinite == b->is_infinite && str_eq(a->owner_xml, b->owner_xml);
}

static void check_unchanged(const struct world_state *before, const struct world_state *after)
{
    FUZZ_CHECK(before->resource_count == after->resource_count);
    FUZZ_CHECK(before->locks.count == after->locks.count);
    for (size_t i = 0; i < before->resource_count; i++) {
        FUZZ_CHECK(path_eq(before->resources[i].path, after->resources[i].path));
        FUZZ_CHECK(str_eq(before->resources[i].state, after->resources[i].state));
    }
    for (size_t i = 0; i < before->locks.count; i++)
        FUZZ_CHECK(is_same_lock(&before->locks.items[i], &after->locks.items[i]));
}

/* --- locks --- */

static bool covers(const struct lock *lock, struct res_path path)
{
    return path_eq(lock->root, path) || (lock->is_infinite && path_is_within(path, lock->root));
}

static const struct world_resource *find(const struct world_state *state, struct res_path path)
{
    for (size_t i = 0; i < state->resource_count; i++) {
        if (path_eq(state->resources[i].path, path))
            return &state->resources[i];
    }
    return NULL;
}

static void check_locks(const struct world *world, const struct world_state *state)
{
    FUZZ_CHECK(state->locks.count <= world->limits.lock_count);
    for (size_t i = 0; i < state->locks.count; i++) {
        const struct lock *lock = &state->locks.items[i];
        FUZZ_CHECK(find(state, lock->root));
        FUZZ_CHECK(lock->expires_ms > world->now_ms);
        FUZZ_CHECK(lock->timeout_s >= 1 && lock->timeout_s <= world->limits.lock_seconds);
        for (size_t j = 0; j < i; j++) {
            const struct lock *other = &state->locks.items[j];
            bool meet = covers(lock, other->root) || covers(other, lock->root);
            FUZZ_CHECK(!meet || (!lock->is_exclusive && !other->is_exclusive));
            FUZZ_CHECK(!str_eq(lock->token, other->token));
        }
    }
}

/* "<token>" stands in the field. */
static bool names_token(struct str field, struct str token)
{
    for (size_t at = 0; at + token.len + 2 <= field.len; at++) {
        struct str rest = str_from(field, at);
        if (rest.at[0] == '<' && str_starts(str_from(rest, 1), token) &&
            rest.at[token.len + 1] == '>')
            return true;
    }
    return false;
}

/* Of what covers `path`, one token has been named; or nothing does. */
static bool may_change(const struct world_state *before, struct str field, struct res_path path)
{
    bool is_covered = false;
    for (size_t i = 0; i < before->locks.count; i++) {
        const struct lock *lock = &before->locks.items[i];
        if (covers(lock, path) && names_token(field, lock->token))
            return true;
        is_covered |= covers(lock, path);
    }
    return !is_covered;
}

/* Windows may set times without a token. */
static void check_permitted(const struct answer *answer, const struct world_state *before,
                            const struct world_state *after)
{
    if (str_starts(answer->agent, STR("Microsoft")))
        return;
    for (size_t i = 0; i < before->resource_count + after->resource_count; i++) {
        const struct world_resource *resource = i < before->resource_count
                                                    ? &before->resources[i]
                                                    : &after->resources[i - before->resource_count];
        const struct world_resource *was = find(before, resource->path);
        const struct world_resource *is = find(after, resource->path);
        if (was && is && str_eq(was->state, is->state))
            continue;
        FUZZ_CHECK(may_change(before, answer->if_field, resource->path));
        if (!was || !is) /* it has become a member, or is one no more: §7.4 */
            FUZZ_CHECK(may_change(before, answer->if_field, path_parent(resource->path)));
    }
}

/* --- the conversation --- */

/* False: the world has become too large to look at. */
static bool ask(struct world *world, struct str request)
{
    struct arena arena = {0};
    struct world_state before, after = {0};
    struct answer answer;
    world_look(world, &arena, &before);
    bool is_small = before.resource_count < WORLD_RESOURCES_MAX;
    if (is_small && world_ask(world, request, &arena, &answer)) {
        const struct method *method = method_find(answer.method);
        world_look(world, &arena, &after);
        is_small = after.resource_count < WORLD_RESOURCES_MAX;
        check_answer(&answer);
        if (answer.status >= 400 || !method || (method->flags & METHOD_IS_SAFE))
            check_unchanged(&before, &after);
    }
    if (is_small && after.resource_count) {
        check_permitted(&answer, &before, &after);
        check_locks(world, &after);
    }
    arena_done(&arena);
    return is_small;
}

/* Splits off what stands before the next line "%%". */
static struct str take_request(struct str *rest)
{
    static const char mark[] = "\n%%\n";
    for (size_t at = 0; at < rest->len; at++) {
        if (!str_starts(str_from(*rest, at), STR(mark)))
            continue;
        struct str request = str_first(*rest, at);
        *rest = str_from(*rest, at + strlen(mark));
        return request;
    }
    struct str request = *rest;
    *rest = STR_NONE;
    return request;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world world;
    struct str rest = fuzz_input(data, size);
    bool goes_on = true;
    world_init(&world);
    for (size_t i = 0; i < REQUESTS_MAX && rest.len && goes_on; i++)
        goes_on = ask(&world, take_request(&rest));
    world_done(&world);
    return 0;
}
