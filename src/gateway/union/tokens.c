/* A lock is held by the origin that gave its token, and no other knows it: a request with the token
 * that went elsewhere would be refused, or change what is not locked. Which origin has a path may
 * change meanwhile: somebody adds the same name to one that comes earlier. So the token decides.
 *
 * Remembered are the token, in which mount, and the origin's URL, as hashes; with the records of
 * sign-ins, which all threads have together, which are bounded and may be forgotten. Where they are
 * at the other end of a network nothing is remembered, since a loop cannot wait for them. A token
 * that is not known goes where the path is, and is refused there if it is another's.
 *
 * A token that is said of another resource decides nothing: that it holds there lets the origin do
 * as it is asked, and another's resource would get a rival of its name. */
#include "gateway/union/tokens.h"

#include "access/secret.h"
#include "exchange/if_header.h"
#include "text/uri.h"

enum { REMEMBERED_MS = 7 * 86400 * 1000 };

static struct str without_brackets(struct str token)
{
    token = str_trim(token);
    if (str_starts(token, STR("<")))
        token = str_from(token, 1);
    return str_first(token, str_index(token, '>'));
}

static struct shared_slot slot_of(const struct gateway *union_, struct str token)
{
    struct shared_slot slot = {.table = SHARED_LOCK_ORIGINS};
    struct buf text = {0};
    buf_addf(&text, "%zu:%.*s", union_->place->outer_text.len, STR_ARGS(union_->place->outer_text));
    buf_add(&text, without_brackets(token));
    struct sha256 hash = secret_sha256(buf_str(&text));
    memcpy(slot.key, hash.bytes, sizeof(slot.key));
    buf_done(&text);
    return slot;
}

/* Of its URL: which may stand elsewhere in the order after a reload. */
static uint64_t id_of(const struct gateway *gateway)
{
    struct sha256 hash = secret_sha256(gateway->name);
    uint64_t id;
    memcpy(&id, hash.bytes, sizeof(id));
    return id;
}

struct note {
    struct shared_update update;
    uint64_t origin; /* 0: it is only asked for */
    int64_t now_ms;
};

static void decide(struct shared_update *update)
{
    const struct note *note = CONTAINER_OF(update, struct note, update);
    update->slots->is_changed = note->origin != 0;
    if (!note->origin)
        return;
    update->slots->record.expires_ms = note->now_ms + REMEMBERED_MS;
    update->slots->record.words[0] = note->origin;
}

/* False: nobody knows. */
static bool update(const struct exchange *x, struct shared_slot *slot, uint64_t origin)
{
    const struct gateway *union_ = x->handler->shared;
    struct shared_state *shared = union_->all->shared;
    if (!shared || shared->may_block)
        return false;
    struct note note = {{slot, 1, decide}, origin, shared_now_ms(shared)};
    return shared_update(shared, &note.update) && slot->is_there &&
           slot->record.expires_ms > note.now_ms;
}

void token_origin_note(const struct exchange *x, const struct gateway *gateway, struct str token)
{
    struct shared_slot slot = slot_of(x->handler->shared, token);
    (void)update(x, &slot, id_of(gateway)); /* whether it was known is of no interest */
}

static const struct gateway *find_one(const struct exchange *x, struct str token)
{
    const struct gateway *mates = x->handler->shared;
    struct shared_slot slot = slot_of(mates, token);
    if (!update(x, &slot, 0))
        return NULL;
    for (size_t i = 0; i < mates->mate_count; i++) {
        if (id_of(&mates[i]) == slot.record.words[0])
            return &mates[i];
    }
    return NULL;
}

/* Whether it is about what the request is, or what that is in, whose lock may reach so far. */
static bool is_about(const struct exchange *x, const struct if_list *list)
{
    struct uri uri;
    struct res_path path;
    bool has_slash;
    return !list->resource.at || (uri_parse_lenient(list->resource, &uri) &&
                                  path_decode(x->arena, uri.path, &path, &has_slash) == PATH_OK &&
                                  path_is_within(x->path, path));
}

const struct gateway *token_origin_find(const struct exchange *x)
{
    bool is_unlock = x->method->id == METHOD_UNLOCK; /* RFC 4918 §10.5: it is of that alone */
    struct str token = is_unlock ? exchange_field(x, FIELD_LOCK_TOKEN) : STR_NONE;
    const struct gateway *found = token.len ? find_one(x, token) : NULL;
    for (size_t i = 0; x->conditions && !found && i < x->conditions->list_count; i++) {
        const struct if_list *list = &x->conditions->lists[i];
        for (size_t j = 0; !found && j < list->condition_count && is_about(x, list); j++) {
            const struct if_condition *condition = &list->conditions[j];
            if (condition->kind == IF_STATE_TOKEN && !condition->is_not)
                found = find_one(x, condition->value);
        }
    }
    return found;
}
