/* Of what `allprop` gives the dead ones are shown (dead.c), sorted. Where the listing whose cursor
 * stands at the resource has shown that there are none, nothing is asked.
 *
 * A property that is set where it is live there (cannot-modify-protected-property) is the other
 * server's to say: it is left out, and the rest is set without it (RFC 4918 §9.8.2). Any other
 * refusal is one of the whole, since PROPPATCH makes all or nothing. */
#include "store/origin/props.h"

#include "multistatus/keep.h"
#include "multistatus/writer.h"
#include "store/origin/dead.h"
#include "store/origin/look.h"
#include "store/origin/responses.h"

/* --- reading --- */

struct found {
    struct arena arena;
    struct store_prop *items;
    size_t count, cap;
    bool is_told;         /* there was a response */
    enum store_rc untold; /* why some are not shown */
};

static void keep(struct found *found, const struct davit_ms_element *prop)
{
    struct buf xml = {0};
    if (found->count == found->cap) {
        size_t cap = found->cap ? 2 * found->cap : 8;
        struct store_prop *items = arena_alloc(&found->arena, cap * sizeof(*items));
        if (found->count)
            memcpy(items, found->items, found->count * sizeof(*items));
        found->items = items;
        found->cap = cap;
    }
    multistatus_element(&xml, prop);
    found->items[found->count++] = (struct store_prop){
        arena_str(&found->arena, str_of_text(prop->ns)),
        arena_str(&found->arena, str_of_text(prop->name)), arena_str(&found->arena, buf_str(&xml))};
    buf_done(&xml);
}

static void keep_all(struct found *found, const struct davit_ms_response *response,
                     struct res_path path)
{
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        for (size_t k = 0; http_is_success(propstat->status) && k < propstat->prop_count; k++) {
            if (prop_is_dead(&propstat->props[k], path))
                keep(found, &propstat->props[k]);
        }
    }
}

/* Of Depth 0 there is one response. What it does not show would be lost with a source that is
 * removed. */
static void take(struct found *found, const struct davit_ms_response *response,
                 struct res_path path)
{
    if (found->is_told)
        return;
    found->is_told = true;
    found->untold = response_untold(response, path);
    keep_all(found, response, path);
}

static int compare(const void *a, const void *b)
{
    const struct store_prop *left = a;
    const struct store_prop *right = b;
    int order = str_compare(left->ns, right->ns);
    return order ? order : str_compare(left->name, right->name);
}

static enum store_rc show(const struct found *found, struct store_prop_visitor *visitor)
{
    enum store_rc rc = STORE_OK;
    for (size_t i = 0; i < found->count && rc == STORE_OK; i++) {
        const struct store_prop *prop = &found->items[i];
        if (!visitor->wants || visitor->wants(visitor, prop->ns, prop->name))
            rc = visitor->show(visitor, prop);
    }
    return rc == STORE_END ? STORE_OK : rc;
}

static bool is_collection(struct origin *origin, struct res_path path)
{
    return look_lately(origin, path) == STORE_OK && origin->seen.stat.is_collection;
}

enum store_rc origin_props(struct store *store, struct res_path path,
                           struct store_prop_visitor *visitor)
{
    struct origin *origin = origin_of(store);
    struct found found = {0};
    struct responses responses = {0};
    const struct davit_ms_response *response;
    struct inquiry inquiry;
    const struct seen *seen = &origin->seen;
    if (seen->is_listed && seen->path.at && path_eq(seen->path, path) && !seen->has_props)
        return STORE_OK;
    const struct question question = {.method = "PROPFIND",
                                      .path = path,
                                      .is_collection = is_collection(origin, path),
                                      .names = {STR("Depth")},
                                      .values = {STR("0")},
                                      .text = look_all(),
                                      .is_safe = true};
    inquiry_begin(&inquiry, origin, &question);
    enum store_rc rc = inquiry_await(&inquiry);
    if (rc == STORE_OK)
        rc = responses_begin(&responses, &inquiry);
    while (rc == STORE_OK && (rc = responses_next(&responses, &response)) == STORE_OK)
        take(&found, response, path);
    if (rc == STORE_END && !found.is_told)
        rc = inquiry_refuse(&inquiry, "it answers with a 207 that says nothing");
    responses_end(&responses);
    inquiry_close(&inquiry);
    if (found.count)
        qsort(found.items, found.count, sizeof(*found.items), compare);
    if (rc == STORE_END)
        rc = found.untold == STORE_OK ? show(&found, visitor) : found.untold;
    arena_done(&found.arena);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc; /* none, where there is no resource */
}

/* --- changing --- */

struct patching {
    struct origin *origin;
    struct res_path path;
    const struct store_patch *patch;
    bool *is_left_out; /* of patch->props, by their indices */
    bool *is_kept;     /* likewise: the origin has said so */
    size_t left;       /* to be made */
};

static void add_prop(struct buf *to, const struct store_prop *prop)
{
    const struct davit_ms_element removed = {.ns = {prop->ns.at, prop->ns.len},
                                             .name = {prop->name.at, prop->name.len}};
    buf_addf(to, "<D:%s><D:prop>", prop->xml.len ? "set" : "remove");
    if (prop->xml.len)
        buf_add(to, prop->xml);
    else
        multistatus_element(to, &removed);
    buf_addf(to, "</D:prop></D:%s>", prop->xml.len ? "set" : "remove");
}

static void add_body(const struct patching *patching, bool has_executable, struct buf *to)
{
    const struct store_patch *patch = patching->patch;
    BUF_ADD(to, "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:propertyupdate xmlns:D=\"DAV:\">");
    for (size_t i = 0; i < patch->prop_count; i++) {
        if (!patching->is_left_out[i])
            add_prop(to, &patch->props[i]);
    }
    if (has_executable)
        buf_addf(to,
                 "<D:set><D:prop><A:executable xmlns:A=\"http://apache.org/dav/props/\">%s"
                 "</A:executable></D:prop></D:set>",
                 patch->is_executable ? "T" : "F");
    BUF_ADD(to, "</D:propertyupdate>");
}

static bool is_protected(const struct davit_ms_propstat *propstat)
{
    for (size_t i = 0; i < propstat->reason.condition_count; i++) {
        if (str_eq(str_of_text(propstat->reason.conditions[i].name),
                   STR("cannot-modify-protected-property")))
            return true;
    }
    return false;
}

/* NULL: none of those that are to be changed, and not left out. */
static bool *find_mark(const struct patching *patching, const struct davit_ms_element *prop,
                       bool *marks)
{
    const struct store_patch *patch = patching->patch;
    for (size_t i = 0; i < patch->prop_count; i++) {
        if (!patching->is_left_out[i] && str_eq(patch->props[i].ns, str_of_text(prop->ns)) &&
            str_eq(patch->props[i].name, str_of_text(prop->name)))
            return &marks[i];
    }
    return NULL;
}

static void leave_out(struct patching *patching, const struct davit_ms_element *prop)
{
    bool *mark = find_mark(patching, prop, patching->is_left_out);
    patching->left -= mark != NULL;
    if (mark)
        *mark = true;
}

static void note_kept(struct patching *patching, const struct davit_ms_propstat *propstat)
{
    for (size_t i = 0; i < propstat->prop_count; i++) {
        bool *mark = find_mark(patching, &propstat->props[i], patching->is_kept);
        if (mark)
            *mark = true;
    }
}

/* RFC 4918 §9.2: the answer names each property; one that it passes over may not have been kept. */
static bool are_kept(const struct patching *patching)
{
    bool are = true;
    for (size_t i = 0; i < patching->patch->prop_count; i++)
        are &= patching->is_left_out[i] || patching->is_kept[i];
    return are;
}

/* OK: all was made. AGAIN: nothing was, and some of it is to be left out. */
static enum store_rc judge(struct patching *patching, const struct davit_ms_response *response)
{
    unsigned status = response->status;
    size_t before = patching->left;
    enum store_rc rc = status ? store_rc_of_status(status) : STORE_OK;
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        if (http_is_success(propstat->status))
            note_kept(patching, propstat);
        if (http_is_success(propstat->status) || propstat->status == HTTP_FAILED_DEPENDENCY)
            continue;
        if (!is_protected(propstat))
            rc = store_rc_of_status(propstat->status);
        for (size_t k = 0; k < propstat->prop_count && is_protected(propstat); k++)
            leave_out(patching, &propstat->props[k]);
    }
    return rc == STORE_OK && patching->left < before ? STORE_AGAIN : rc;
}

static enum store_rc patch_once(struct patching *patching, const struct question *question)
{
    struct inquiry inquiry;
    struct responses responses = {0};
    const struct davit_ms_response *response;
    enum store_rc judged = STORE_OK;
    inquiry_begin(&inquiry, patching->origin, question);
    enum store_rc rc = inquiry_await(&inquiry);
    if (rc == STORE_OK)
        rc = responses_begin(&responses, &inquiry);
    while (rc == STORE_OK && (rc = responses_next(&responses, &response)) == STORE_OK) {
        if (judged == STORE_OK)
            judged = judge(patching, response);
    }
    if (rc == STORE_END && judged == STORE_OK && !are_kept(patching))
        rc = inquiry_refuse(&inquiry, "it does not say of all properties that it has kept them");
    responses_end(&responses);
    inquiry_close(&inquiry);
    return rc == STORE_END ? judged : rc;
}

enum store_rc origin_patch(struct store_change *change, struct res_path path,
                           const struct store_patch *patch)
{
    struct origin *origin = origin_of(change->store);
    struct arena arena = {0};
    struct patching patching = {origin,
                                path,
                                patch,
                                arena_alloc(&arena, (patch->prop_count + 1) * sizeof(bool)),
                                arena_alloc(&arena, (patch->prop_count + 1) * sizeof(bool)),
                                patch->prop_count};
    enum store_rc rc = patch->sets_executable ? look_at(origin, path) : look_lately(origin, path);
    bool ends_in_slash = rc == STORE_OK && origin->seen.stat.is_collection;
    bool has_executable = patch->sets_executable && origin->seen.has_executable;
    rc = rc == STORE_OK ? STORE_AGAIN : rc;
    while (rc == STORE_AGAIN) {
        struct buf body = {0};
        if (!patching.left && !has_executable) {
            rc = STORE_OK;
            break;
        }
        add_body(&patching, has_executable, &body);
        const struct question question = {.method = "PROPPATCH",
                                          .path = path,
                                          .is_collection = ends_in_slash,
                                          .text = buf_str(&body)};
        rc = patch_once(&patching, &question);
        buf_done(&body);
    }
    arena_done(&arena);
    return rc;
}
