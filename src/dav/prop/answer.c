/* A response groups its properties by status (RFC 4918 §9.1): those found, then those that the
 * resource does not have. The found ones are written as they are looked up; the others are marked
 * and written behind them, so that nothing is held but a mark for each name.
 *
 * What a name stands for is looked up in this order: a dead property, where one may be the value
 * (also of a live name that can be overridden, such as displayname); then the live one's getter,
 * which may say that this resource has none. Dead values are pasted as they are: they declare every
 * namespace that they use (xml/fragment.c).
 *
 * A property is in a response once. For prop the request is free of repeated names; what include
 * names is written only if allprop has not given it. */
#include "dav/prop/answer.h"

struct answer {
    struct multistatus *ms;
    const struct prop_target *target;
    const struct propfind_request *request;
    struct store_props dead;
    bool *is_missing; /* for each name of the request */
    size_t missing_count;
};

static const struct store_prop *find_dead(const struct answer *answer, struct str ns,
                                          struct str name)
{
    for (size_t i = 0; i < answer->dead.count; i++) {
        const struct store_prop *prop = &answer->dead.items[i];
        if (str_eq(prop->name, name) && str_eq(prop->ns, ns))
            return prop;
    }
    return NULL;
}

static void open_element(struct buf *out, const struct dav_prop *prop)
{
    bool is_dav = str_eq(prop->ns, STR(NS_DAV));
    buf_add(out, is_dav ? STR("<D:") : STR("<x:"));
    buf_add(out, prop->name);
    if (!is_dav)
        buf_addf(out, " xmlns:x=\"%.*s\"", STR_ARGS(prop->ns));
    buf_add_char(out, '>');
}

static void close_element(struct buf *out, const struct dav_prop *prop, size_t value_at)
{
    if (out->len == value_at) { /* nothing in it */
        out->at[out->len - 1] = '/';
        buf_add_char(out, '>');
        return;
    }
    buf_add(out, str_eq(prop->ns, STR(NS_DAV)) ? STR("</D:") : STR("</x:"));
    buf_add(out, prop->name);
    buf_add_char(out, '>');
}

/* False: the resource has no such property, and nothing was appended. */
static bool add_live(const struct answer *answer, const struct dav_prop *prop)
{
    struct buf *out = answer->ms->out;
    size_t start = out->len;
    if (!prop->get || (answer->target->is_principal && !(prop->flags & PROP_ON_PRINCIPAL)))
        return false;
    open_element(out, prop);
    size_t value_at = out->len;
    if (!prop->get(answer->target, out)) {
        out->len = start;
        return false;
    }
    close_element(out, prop, value_at);
    return true;
}

static bool add_prop(const struct answer *answer, const struct prop_name *name)
{
    if (!name->live || (name->live->flags & PROP_OVERRIDABLE)) {
        const struct store_prop *dead = find_dead(answer, name->ns, name->name);
        if (dead) {
            buf_add(answer->ms->out, dead->xml);
            return true;
        }
    }
    return name->live && add_live(answer, name->live);
}

static bool is_in_allprop(const struct answer *answer, const struct dav_prop *prop)
{
    return (prop->flags & PROP_IN_ALLPROP) &&
           !(answer->request->is_short && (prop->flags & PROP_IS_LONG));
}

/* Dead properties that no live one stands for. */
static bool is_plainly_dead(const struct store_prop *prop)
{
    const struct dav_prop *live = dav_prop_find(prop->ns, prop->name);
    return !live || !(live->flags & PROP_IN_ALLPROP);
}

/* Named by include, and among allprop anyway. */
static bool is_listed(const struct answer *answer, const struct prop_name *name)
{
    if (answer->request->kind != PROPFIND_ALL)
        return false;
    if (name->live && (name->live->flags & PROP_IN_ALLPROP))
        return is_in_allprop(answer, name->live);
    return find_dead(answer, name->ns, name->name) != NULL;
}

static void add_named(struct answer *answer)
{
    struct buf *out = answer->ms->out;
    for (size_t i = 0; i < answer->request->name_count; i++) {
        const struct prop_name *name = &answer->request->names[i];
        size_t start = out->len;
        bool has = add_prop(answer, name);
        if (is_listed(answer, name))
            out->len = start; /* only to see whether the resource has it */
        if (has)
            continue;
        answer->is_missing[i] = true;
        answer->missing_count++;
    }
}

static void add_all(const struct answer *answer)
{
    for (size_t i = 0; i < dav_prop_count; i++) {
        const struct dav_prop *prop = &dav_props[i];
        struct prop_name name = {prop->ns, prop->name, prop};
        if (is_in_allprop(answer, prop))
            (void)add_prop(answer, &name); /* one that it does not have is left out */
    }
    for (size_t i = 0; i < answer->dead.count; i++) {
        if (is_plainly_dead(&answer->dead.items[i]))
            buf_add(answer->ms->out, answer->dead.items[i].xml);
    }
}

static void add_names(const struct answer *answer)
{
    struct buf *out = answer->ms->out;
    for (size_t i = 0; i < dav_prop_count; i++) {
        const struct dav_prop *prop = &dav_props[i];
        size_t start = out->len;
        bool has = add_live(answer, prop);
        out->len = start; /* only to see whether the resource has it */
        if (has)
            multistatus_empty_prop(out, prop->ns, prop->name);
    }
    for (size_t i = 0; i < answer->dead.count; i++) {
        const struct store_prop *prop = &answer->dead.items[i];
        const struct dav_prop *live = dav_prop_find(prop->ns, prop->name);
        if (!live || !live->get)
            multistatus_empty_prop(out, prop->ns, prop->name);
    }
}

bool prop_answer_blocks(const struct prop_target *target, const struct propfind_request *request)
{
    struct store *store = target->store;
    return store->ops->reads_block || (request->wants_quota && store->ops->quota_blocks) ||
           (request->wants_dead && store->ops->may_have_props(store, target->real));
}

static void add_missing(const struct answer *answer)
{
    multistatus_propstat(answer->ms);
    for (size_t i = 0; i < answer->request->name_count; i++) {
        const struct prop_name *name = &answer->request->names[i];
        if (answer->is_missing[i])
            multistatus_empty_prop(answer->ms->out, name->ns, name->name);
    }
    multistatus_propstat_end(answer->ms, HTTP_NOT_FOUND, STR_NONE);
}

void prop_answer(struct multistatus *ms, const struct prop_target *target,
                 const struct propfind_request *request)
{
    struct answer answer = {.ms = ms, .target = target, .request = request};
    struct store *store = target->store;
    enum store_rc rc = STORE_OK;
    if (request->wants_dead && !target->is_principal &&
        store->ops->may_have_props(store, target->real))
        rc = store->ops->props(store, target->arena, target->real, &answer.dead);
    if (rc != STORE_OK) {
        prop_answer_refused(ms, target, dav_from_store(rc).status, request);
        return;
    }
    if (request->name_count)
        answer.is_missing = arena_alloc(target->arena, request->name_count * sizeof(bool));
    multistatus_response(ms, target->path, target->stat.is_collection);
    size_t start = ms->out->len;
    multistatus_propstat(ms);
    size_t empty = ms->out->len;
    if (request->kind == PROPFIND_ALL)
        add_all(&answer);
    else if (request->kind == PROPFIND_NAMES)
        add_names(&answer);
    add_named(&answer);
    if (ms->out->len == empty && answer.missing_count)
        ms->out->len = start; /* no propstat without a property, unless nothing was asked for */
    else
        multistatus_propstat_end(ms, HTTP_OK, STR_NONE);
    if (answer.missing_count)
        add_missing(&answer);
    multistatus_response_end(ms);
}

void prop_answer_refused(struct multistatus *ms, const struct prop_target *target, unsigned status,
                         const struct propfind_request *request)
{
    multistatus_response(ms, target->path, target->stat.is_collection);
    multistatus_propstat(ms);
    for (size_t i = 0; request->kind != PROPFIND_PROPS && i < dav_prop_count; i++) {
        if (dav_props[i].flags & PROP_IN_ALLPROP)
            multistatus_empty_prop(ms->out, dav_props[i].ns, dav_props[i].name);
    }
    for (size_t i = 0; i < request->name_count; i++)
        multistatus_empty_prop(ms->out, request->names[i].ns, request->names[i].name);
    multistatus_propstat_end(ms, status, STR_NONE);
    multistatus_response_end(ms);
}
