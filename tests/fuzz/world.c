#include "world.h"

#include <fcntl.h>

#include "base/clock.h"
#include "dav/upload/choose.h"
#include "exchange/run.h"
#include "extension/extension.h"
#include "fuzz.h"
#include "store/gather.h"
#include "store/memory/memory.h"
#include "support/changes.h"
#include "text/uri.h"

enum { START_S = 784111777 };

/* Parts of what is there may be changed, which is a PUT. */
static const struct upload_place parts_anywhere = {{"", 0}, DIALECT_PATCH | DIALECT_CONTENT_RANGE};

/* What no request changes: made once, for the many worlds of a run. */
static struct media_types media_types;
static int spool_dir_fd = -1;

static void set_now(struct world *world, int64_t now_ms)
{
    world->now_ms = now_ms;
    clock_freeze(now_ms);
}

static void put(struct store *store, struct res_path path)
{
    static const struct store_commit commit = {0};
    struct store_upload *upload;
    struct store_stat stat;
    FUZZ_CHECK(store_upload(store, path, 5, &upload) == STORE_OK);
    FUZZ_CHECK(sink_write(&upload->sink, STR("hello")) == STORE_OK);
    FUZZ_CHECK(do_commit(store, upload, &commit, &stat) == STORE_OK);
    store_upload_close(&upload);
}

/* Not by requests, which would be most of the work of a run. */
static void furnish(struct store *store)
{
    put(store, PATH("a"));
    FUZZ_CHECK(do_mkcol(store, PATH("d")) == STORE_OK);
    put(store, PATH("d/b"));
    FUZZ_CHECK(do_mkcol(store, PATH("d/c")) == STORE_OK);
    put(store, PATH("d/c/e"));
}

void world_init(struct world *world)
{
    struct err err;
    *world = (struct world){.limits = limits_default()};
    world->limits.walk_depth = 8;
    world->limits.lock_count = 8;
    world->limits.property_count = 8;
    world->limits.xml_bytes = 1024;
    world->limits.xml_depth = 12;
    world->limits.answer_memory_bytes = 512;
    set_now(world, (int64_t)START_S * 1000);
    inline_executor_init(&world->executor);
    if (spool_dir_fd < 0) {
        extensions_add();
        media_types_init(&media_types);
        spool_dir_fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    const struct store_options options = {.limits = &world->limits};
    world->service = (struct service){.limits = &world->limits,
                                      .mounts = world->mounts,
                                      .mount_count = dav_mount(&world->dav, NULL, world->mounts)};
    world->dav.media_types = &media_types;
    world->dav.upload_places = &parts_anywhere;
    world->dav.upload_place_count = 1;
    world->dav.allows_infinity = true;
    world->service.spool_dir_fd = spool_dir_fd;
    bool is_open = memory_store_open(&options, &world->dav.store, &err);
    FUZZ_CHECK(is_open);
    furnish(world->dav.store);
}

void world_done(struct world *world)
{
    FUZZ_CHECK(inline_executor_run(&world->executor) == 0);
    store_close(&world->dav.store);
    buf_done(&world->token);
    buf_done(&world->etag);
}

/* --- requests --- */

/* What the wire makes of a request: a stream with an arena of its own. */
struct turn {
    struct http_stream stream;
    struct arena arena;
    unsigned answers;
    bool is_gone;
};

static void proceed(struct http_stream *stream)
{
    (void)stream; /* nobody waits for 100 Continue */
}

static void respond(struct http_stream *stream)
{
    CONTAINER_OF(stream, struct turn, stream)->answers++;
}

static void last_ref(struct refs *refs)
{
    struct turn *turn = CONTAINER_OF(refs, struct turn, stream.refs);
    arena_done(&turn->arena);
    turn->is_gone = true;
}

static const struct http_stream_ops stream_ops = {.proceed = proceed, .respond = respond};

static struct str fill(const struct world *world, struct arena *arena, struct str value)
{
    struct buf filled = {0};
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] == '@')
            buf_add(&filled, buf_str(&world->token));
        else if (value.at[i] == '$')
            buf_add(&filled, buf_str(&world->etag));
        else
            buf_add_char(&filled, value.at[i]);
    }
    struct str copy = arena_str(arena, buf_str(&filled));
    buf_done(&filled);
    return copy;
}

/* As wire/h1_head.c does: no control characters, names are tokens. */
static bool add_field(const struct world *world, struct turn *turn, struct str line)
{
    struct str value = line;
    struct str name = str_cut(&value, ':');
    for (size_t i = 0; i < line.len; i++) {
        if ((unsigned char)line.at[i] < ' ' && line.at[i] != '\t')
            return false;
    }
    if (!http_is_token(name) || name.len == line.len)
        return false;
    value = fill(world, &turn->arena, str_trim(value));
    struct http_field_line field = {http_field_find(name), arena_str(&turn->arena, name), value};
    http_fields_add(&turn->stream.request.fields, &turn->arena, &field);
    return true;
}

static bool read_target(struct http_request *request, struct str target)
{
    struct uri uri;
    request->target = target;
    if (str_eq(target, STR("*")))
        return str_eq(request->method, STR("OPTIONS"));
    if (!uri_parse(target, &uri))
        return false;
    request->path = uri.path;
    request->query = uri.query;
    return true;
}

/* Copies all into the turn's arena, which outlives the text. */
static bool read_request(const struct world *world, struct turn *turn, struct str text)
{
    struct http_request *request = &turn->stream.request;
    struct str rest = arena_str(&turn->arena, text);
    struct str target = str_cut(&rest, '\n');
    request->method = str_cut(&target, ' ');
    request->host = STR("dav.test");
    request->version = HTTP_1_1;
    request->peer = STR("127.0.0.1:1");
    if (!http_is_token(request->method) || !read_target(request, target))
        return false;
    while (rest.len && rest.at[0] != '\n') {
        if (!add_field(world, turn, str_cut(&rest, '\n')))
            return false;
    }
    struct str body = str_from(rest, 1);
    bool is_chunked = http_fields_has(&request->fields, FIELD_TRANSFER_ENCODING);
    request->has_body = body.len || is_chunked;
    request->body_bytes = is_chunked ? LENGTH_UNKNOWN : body.len;
    if (request->has_body)
        turn->stream.body = source_of_text(&turn->arena, body);
    return true;
}

/* --- answers --- */

static bool pull_all(struct world *world, struct source *body, struct buf *into)
{
    struct err err;
    for (;;) {
        switch (source_pull(body, into, 777, &err)) {
        case PULL_DATA:
            break;
        case PULL_WAIT:
            FUZZ_CHECK(inline_executor_run(&world->executor) > 0);
            break;
        case PULL_END:
            return true;
        case PULL_FAIL:
            return false;
        }
    }
}

static void remember(struct buf *to, struct str value)
{
    if (value.len == 0)
        return;
    buf_clear(to);
    buf_add(to, value);
}

static struct str copy_field(struct arena *arena, const struct http_fields *fields,
                             enum http_field id)
{
    return arena_str(arena, http_fields_get(fields, id));
}

static void take_answer(struct world *world, struct turn *turn, struct arena *arena,
                        struct answer *answer)
{
    struct http_response *response = &turn->stream.response;
    const struct http_request *request = &turn->stream.request;
    struct buf body = {0};
    FUZZ_CHECK(turn->answers == 1);
    *answer = (struct answer){
        .method = arena_str(arena, request->method),
        .if_field = arena_str(arena, http_fields_join(&request->fields, FIELD_IF, &turn->arena)),
        .agent = copy_field(arena, &request->fields, FIELD_USER_AGENT),
        .status = response->status,
        .type = copy_field(arena, &response->fields, FIELD_CONTENT_TYPE),
        .lock_token = copy_field(arena, &response->fields, FIELD_LOCK_TOKEN),
        .allow = copy_field(arena, &response->fields, FIELD_ALLOW),
    };
    if (response->body) {
        answer->is_whole = pull_all(world, response->body, &body);
        FUZZ_CHECK(!answer->is_whole || response->body_bytes == LENGTH_UNKNOWN ||
                   response->body_bytes == body.len);
        answer->body = arena_str(arena, buf_str(&body));
    }
    struct str token = answer->lock_token;
    if (token.len > 2)
        remember(&world->token, str_of(token.at + 1, token.len - 2));
    remember(&world->etag, http_fields_get(&response->fields, FIELD_ETAG));
    buf_done(&body);
}

static bool wait_for(struct world *world, struct str request)
{
    uint64_t seconds;
    if (!str_starts(request, STR("WAIT ")) || !str_parse_u64(str_from(request, 5), &seconds))
        return false;
    set_now(world, world->now_ms + (int64_t)u64_min(seconds, 1000000) * 1000);
    return true;
}

bool world_ask(struct world *world, struct str request, struct arena *arena,
               struct answer *answer_out)
{
    struct turn turn = {.stream = {.ops = &stream_ops, .executor = &world->executor.executor}};
    if (wait_for(world, request))
        return false;
    refs_init(&turn.stream.refs, last_ref);
    turn.stream.arena = &turn.arena;
    bool is_one = read_request(world, &turn, request);
    if (is_one) {
        exchange_handle(&world->service, &turn.stream);
        (void)inline_executor_run(&world->executor); /* how many jobs that takes is its affair */
        take_answer(world, &turn, arena, answer_out);
    }
    source_close(&turn.stream.response.body);
    refs_drop(&turn.stream.refs);
    (void)inline_executor_run(&world->executor); /* what was under way when it was closed */
    FUZZ_CHECK(turn.is_gone);
    return is_one;
}

/* --- the state --- */

static struct str describe(struct store *store, struct arena *arena, struct res_path path,
                           const struct store_stat *stat)
{
    struct store_props props = {0};
    struct buf text = {0};
    FUZZ_CHECK(store_gather_props(store, arena, path, &props) == STORE_OK);
    buf_addf(&text, "%d%d %llu %llu %lld", stat->is_collection, stat->is_executable,
             (unsigned long long)stat->size_bytes, (unsigned long long)stat->version,
             (long long)stat->modified_s);
    for (size_t i = 0; i < props.count; i++) {
        BUF_ADD(&text, " ");
        buf_add(&text, props.items[i].xml);
    }
    struct str copy = arena_str(arena, buf_str(&text));
    buf_done(&text);
    return copy;
}

static void look_at(struct store *store, struct arena *arena, struct res_path path,
                    struct world_state *state)
{
    struct store_stat stat;
    struct store_member member;
    struct store_cursor *cursor;
    if (state->resource_count == WORLD_RESOURCES_MAX)
        return;
    FUZZ_CHECK(store_stat(store, path, 0, &stat) == STORE_OK);
    state->resources[state->resource_count++] =
        (struct world_resource){path, describe(store, arena, path, &stat)};
    if (!stat.is_collection)
        return;
    FUZZ_CHECK(store_list(store, path, 0, &cursor) == STORE_OK);
    while (store_cursor_next(cursor, &member) == STORE_OK)
        look_at(store, arena, path_join(arena, path, member.name), state);
    store_cursor_close(&cursor);
}

static int compare_resources(const void *a, const void *b)
{
    const struct world_resource *left = a, *right = b;
    return str_compare(path_str(left->path), path_str(right->path));
}

void world_look(struct world *world, struct arena *arena, struct world_state *state_out)
{
    struct store *store = world->dav.store;
    *state_out = (struct world_state){0};
    state_out->resources = arena_alloc(arena, WORLD_RESOURCES_MAX * sizeof(*state_out->resources));
    look_at(store, arena, PATH_ROOT, state_out);
    qsort(state_out->resources, state_out->resource_count, sizeof(*state_out->resources),
          compare_resources);
    FUZZ_CHECK(store_locks(store, arena, PATH_ROOT, LOCKS_WITHIN, &state_out->locks) == STORE_OK);
}
