/* A MOVE that puts an upload together, or takes a large tree, may take longer than somebody between
 * the client and the origin waits: a proxy, or the client itself. The origin has done it all the
 * same. Clients make it again, are told that the source is not there, and send gigabytes once more.
 *
 * So it is remembered that the outcome of a MOVE was told to nobody: of which method, source,
 * destination and user, as a hash. When the same is asked for again, the source is gone and
 * something is at the destination, it has been done (gateway/forward.c).
 *
 * Some clients read the body of a PUT but once: when it is answered with a 401, they send the same
 * with their credentials and nothing in it, and a file is emptied that they meant to save. So it is
 * remembered by connection and path that a body was refused so, until one has come. What is empty
 * from the first is a file like any other; who sends no body before he is told to loses none.
 *
 * The records are with those of sign-ins, which all threads have together, and expire. Where they
 * are at the other end of a network nothing is remembered: a loop cannot wait for them. */
#include "gateway/repeats.h"

#include "access/secret.h"

enum { REMEMBERED_MS = 900000, LOST_MS = 300000 };

static void add_part(struct buf *to, struct str part)
{
    buf_addf(to, "%zu:", part.len);
    buf_add(to, part);
}

/* A MOVE is its user's, wherever he makes it from. */
static void add_move(struct buf *to, const struct exchange *x)
{
    const struct gateway *gateway = gateway_of(x);
    add_part(to, x->signed_in.principal.name);
    add_part(to, gateway->passes_credentials ? exchange_field(x, FIELD_AUTHORIZATION) : STR_NONE);
    add_part(to, gateway->place->authority);
    add_part(to, path_str(x->path));
    add_part(to, path_str(relay_of(x)->to));
}

/* A body is lost by a connection: nobody may have signed in. */
static void add_upload(struct buf *to, const struct exchange *x)
{
    add_part(to, x->stream->request.peer); /* with its port */
    add_part(to, path_str(x->path));
}

/* False: there is nowhere to remember it. */
static bool make_slot(const struct exchange *x, enum shared_table table,
                      struct shared_slot *slot_out)
{
    const struct shared_state *shared = gateway_of(x)->all->shared;
    struct shared_slot slot = {.table = table};
    struct buf text = {0};
    if (!shared || shared->may_block)
        return false;
    if (table == SHARED_REPEATS)
        add_move(&text, x);
    else
        add_upload(&text, x);
    struct sha256 hash = secret_sha256(buf_str(&text));
    memcpy(slot.key, hash.bytes, sizeof(slot.key));
    buf_done(&text);
    *slot_out = slot;
    return true;
}

struct look {
    struct shared_update update;
    int64_t now_ms;
};

static void keep_for(struct shared_update *update, int64_t ms)
{
    const struct look *look = CONTAINER_OF(update, struct look, update);
    update->slots->record.expires_ms = look->now_ms + ms;
    update->slots->is_changed = true;
}

static void decide_note(struct shared_update *update)
{
    keep_for(update, REMEMBERED_MS);
}

static void decide_lost(struct shared_update *update)
{
    keep_for(update, LOST_MS);
}

static void decide_come(struct shared_update *update)
{
    update->slots->is_changed = update->slots->is_there;
    update->slots->record.expires_ms = 0;
}

static void decide_nothing(struct shared_update *update)
{
    update->slots->is_changed = false;
}

/* False: it is not known, or cannot be asked. */
static bool update(const struct exchange *x, enum shared_table table,
                   void (*decide)(struct shared_update *update))
{
    struct shared_slot slot;
    if (!make_slot(x, table, &slot))
        return false;
    struct shared_state *shared = gateway_of(x)->all->shared;
    struct look look = {{&slot, 1, decide}, shared_now_ms(shared)};
    return shared_update(shared, &look.update) && slot.is_there &&
           slot.record.expires_ms > look.now_ms;
}

void repeats_note(const struct exchange *x)
{
    (void)update(x, SHARED_REPEATS,
                 decide_note); /* whether it was known before is of no interest */
}

bool repeats_knows(const struct exchange *x)
{
    return update(x, SHARED_REPEATS, decide_nothing);
}

/* Whether no origin to which it may go minds. */
static bool all_take_lost(const struct exchange *x)
{
    const struct gateway *gateway = gateway_of(x);
    bool all_take = gateway->takes_lost;
    for (size_t i = 1; i < gateway->mate_count && !relay_of(x)->gateway; i++)
        all_take &= gateway[i].takes_lost;
    return all_take;
}

void lost_body_note(struct exchange *x)
{
    const struct http_stream *stream = x->stream;
    bool is_refused = stream->response.status == HTTP_UNAUTHORIZED;
    if (x->method->id != METHOD_PUT || !stream->request.body_bytes || all_take_lost(x))
        return;
    (void)update(x, SHARED_LOST, is_refused ? decide_lost : decide_come); /* likewise */
}

bool lost_body_is(const struct exchange *x)
{
    return x->method->id == METHOD_PUT && !x->stream->request.body_bytes &&
           !gateway_of(x)->takes_lost && update(x, SHARED_LOST, decide_nothing);
}
