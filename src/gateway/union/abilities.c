/* What can be done with a tree of several origins: what all of them can, and the union passes on.
 *
 * All are asked by OPTIONS, and at the same time what they have at the path: what may be done to a
 * resource is for those to say that have it. Who is down says nothing, and is not waited for any
 * longer than its timeouts; clients ask this first, and what they do next is refused where it
 * matters.
 *
 * Of a collection that several have some methods are refused, and Allow names them all the same:
 * clients take what it says of a tree's root for what can be done in the tree.
 *
 * Of the classes of compliance those are left which hold for a union: a class of another RFC may
 * promise a method that is not passed on. */
#include "gateway/union/abilities.h"

#include "exchange/respond.h"
#include "gateway/answer.h"
#include "gateway/request.h"
#include "gateway/union/united.h"

struct abilities {
    struct ask *asks[UNION_ORIGINS_MAX]; /* by their order */
    bool was_refused[UNION_ORIGINS_MAX]; /* it could not be sent */
};

static void begin(struct exchange *x)
{
    struct united *u = united_of(x);
    const struct gateway *mates = x->handler->shared;
    struct abilities *abilities = ARENA_NEW(x->arena, struct abilities);
    u->abilities = abilities;
    if (!request_is_about_mount(x))
        u->look = survey_new(x, x->stream->request.path);
    for (size_t i = 0; i < mates->mate_count; i++) {
        united_choose(x, &mates[i]);
        struct dav_result result = request_build(x, false);
        abilities->asks[i] = relay_of(x)->ask;
        abilities->asks[i]->is_aside = true;
        if (dav_is_fine(result))
            result = ask_start(abilities->asks[i]);
        abilities->was_refused[i] = !dav_is_fine(result);
    }
    united_choose(x, NULL);
}

static bool waits(const struct united *u)
{
    for (size_t i = 0; i < UNION_ORIGINS_MAX; i++) {
        const struct ask *ask = u->abilities->asks[i];
        if (ask && !u->abilities->was_refused[i] && ask_is_pending(ask))
            return true;
        if (ask && u->look && u->look->had[i] == HAD_PENDING)
            return true;
    }
    return false;
}

static bool has_said(const struct united *u, size_t i)
{
    const struct ask *ask = u->abilities->asks[i];
    return ask && ask->has_head && http_is_success(ask->call.status);
}

/* Whether anybody who has said what it can has something at the path. */
static bool is_anywhere(const struct united *u)
{
    for (size_t i = 0; u->look && i < u->look->count; i++) {
        if (has_said(u, i) && (u->look->had[i] == HAD_FILE || u->look->had[i] == HAD_COLLECTION))
            return true;
    }
    return false;
}

/* Whether it is asked what may be done to what is there. */
static bool counts(const struct united *u, size_t i, enum http_field id)
{
    bool has_it = u->look && (u->look->had[i] == HAD_FILE || u->look->had[i] == HAD_COLLECTION);
    return has_said(u, i) && (id == FIELD_DAV || has_it || !is_anywhere(u));
}

static bool is_class_of_union(struct str class)
{
    static const struct str classes[] = {STR_INIT("1"), STR_INIT("2"), STR_INIT("3"),
                                         STR_INIT("extended-mkcol")};
    for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
        if (str_eq(class, classes[i]))
            return true;
    }
    return false;
}

static struct str list_of(const struct exchange *x, size_t i, enum http_field id)
{
    const struct ask *ask = united_of(x)->abilities->asks[i];
    return http_fields_join(&ask->call.answer, id, x->arena);
}

static bool all_have(const struct exchange *x, enum http_field id, struct str member)
{
    for (size_t i = 0; i < UNION_ORIGINS_MAX; i++) {
        if (counts(united_of(x), i, id) && !http_list_has(list_of(x, i, id), member))
            return false;
    }
    return id != FIELD_DAV || is_class_of_union(member);
}

/* What is in the lists of all of them. */
static void add_common(struct exchange *x, enum http_field id)
{
    struct buf common = {0};
    size_t first = 0;
    while (first < UNION_ORIGINS_MAX && !counts(united_of(x), first, id))
        first++;
    struct str list = first < UNION_ORIGINS_MAX ? list_of(x, first, id) : STR_NONE;
    while (list.len) {
        struct str member = str_trim(str_cut(&list, ','));
        if (member.len && all_have(x, id, member))
            buf_addf(&common, "%s%.*s", common.len ? ", " : "", STR_ARGS(member));
    }
    struct str value = answer_abilities(x, id, arena_str(x->arena, buf_str(&common)));
    if (value.len)
        respond_field(x, id, value);
    buf_done(&common);
}

static enum stage_end answer(struct exchange *x)
{
    const struct united *u = united_of(x);
    struct ask *refusal = NULL;
    for (size_t i = 0; i < UNION_ORIGINS_MAX; i++) {
        if (has_said(u, i)) {
            add_common(x, FIELD_DAV);
            add_common(x, FIELD_ALLOW);
            respond_field(x, FIELD_MS_AUTHOR_VIA, STR("DAV"));
            respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
            return respond_status(x, HTTP_OK);
        }
        if (!refusal && u->abilities->asks[i] && u->abilities->asks[i]->has_head)
            refusal = u->abilities->asks[i];
    }
    if (!refusal)
        return respond_error(x, dav_error(HTTP_SERVICE_UNAVAILABLE,
                                          "none of the servers whose trees are one here answers"));
    united_pass_on(x, refusal);
    return STAGE_NEXT;
}

enum stage_end abilities_answer(struct exchange *x)
{
    struct united *u = united_of(x);
    if (x->stream->has_gone)
        return respond_status(x, HTTP_BAD_REQUEST);
    if (!u->abilities)
        begin(x);
    if (u->look)
        survey_go_on(u->look);
    return waits(u) ? STAGE_WAIT : answer(x);
}

void abilities_end(struct exchange *x)
{
    const struct united *u = united_of(x);
    for (size_t i = 0; u->abilities && i < UNION_ORIGINS_MAX; i++) {
        struct ask *ask = u->abilities->asks[i];
        if (ask && !(u->is_sent && ask == u->relay.ask))
            ask_let_go(ask);
    }
}
