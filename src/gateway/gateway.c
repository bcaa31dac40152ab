/* What a mount's configuration means: where its origin is, and how that is asked.
 *
 * Each gateway has clients of its own, one on each loop, since a client's credentials, certificates
 * and timeouts are its origin's. Secrets stand in files, and are read once, with the settings; what
 * is sent to the origin are they, or the client's own, never both.
 *
 * Origins are asked by HTTP/1.1 unless they are said to know HTTP/2: each request has a connection
 * to itself either way (decision 29), so that there is little to win. A proxy that the environment
 * names is not used: it is for people who browse. */
#include "gateway/gateway.h"

#include "base/files.h"

enum {
    CONNECT_MS = 10000,
    PROGRESS_MS = 60000,
    ANSWER_MS = 3600000,
    EXPECT_MS = 1000,
    KEPT_CONNECTIONS = 64, /* on each loop */
    FAILURES_MAX = 5,
    RETRY_MS = 10000,
    LISTING_MS = 3000,
};

void gateways_init(struct gateways *gateways, struct arena *arena, size_t count_max,
                   unsigned loop_count)
{
    *gateways = (struct gateways){
        .at = arena_alloc(arena, (count_max + 1) * sizeof(struct gateway)),
        .places = arena_alloc(arena, (count_max + 1) * sizeof(struct url_place)),
        .loop_count = loop_count,
        .name = forwarded_name_new(),
        .transfers = ARENA_NEW(arena, atomic_uint),
    };
    gateways->map.places = gateways->places;
}

/* --- secrets --- */

/* The first line; what stands in it is not to end the field that it becomes. */
static bool read_secret(const char *path, struct arena *arena, struct str *secret_out,
                        struct err *err)
{
    struct str text;
    if (!file_read_small(path, arena, &text, err))
        return false;
    struct str line = str_first(text, size_min(str_index(text, '\n'), str_index(text, '\r')));
    if (line.len == 0)
        return err_set(err, 0, "%s: there is no secret in its first line", path);
    for (size_t i = 0; i < line.len; i++) {
        if ((unsigned char)line.at[i] < ' ' || line.at[i] == 0x7f)
            return err_set(err, 0, "%s: the secret has a control character", path);
    }
    *secret_out = line;
    return true;
}

static bool read_password(struct gateway *gateway, const struct gateway_options *options,
                          struct arena *arena, struct err *err)
{
    struct str password;
    struct buf both = {0};
    if (!read_secret(options->password_file, arena, &password, err))
        return false;
    buf_addf(&both, "%s:%.*s", options->user, STR_ARGS(password));
    gateway->client.user_password = arena_text(arena, buf_str(&both));
    gateway->client.is_basic = true;
    buf_done(&both);
    return true;
}

static bool read_secrets(struct gateway *gateway, const struct gateway_options *options,
                         struct arena *arena, struct err *err)
{
    struct str token;
    if (options->password_file && !read_password(gateway, options, arena, err))
        return false;
    if (options->token_file && !read_secret(options->token_file, arena, &token, err))
        return false;
    if (options->token_file)
        gateway->client.bearer = arena_text(arena, token);
    gateway->has_credentials = options->password_file || options->token_file;
    gateway->passes_credentials = options->credentials == CREDENTIALS_PASS;
    return true;
}

/* To whom alone they are sent. */
static void bind_secrets(struct gateway *gateway, struct arena *arena)
{
    const struct url_place *place = gateway->place;
    struct buf host = {0};
    uri_add_authority(&host, place->host, STR_NONE);
    gateway->client.auth_host = arena_text(arena, buf_str(&host));
    gateway->client.auth_scheme = arena_text(arena, place->scheme);
    gateway->client.auth_port = arena_text(arena, place->port);
    buf_done(&host);
}

/* --- options --- */

struct gateway_options gateway_options_default(void)
{
    return (struct gateway_options){.connect_ms = CONNECT_MS,
                                    .progress_ms = PROGRESS_MS,
                                    .answer_ms = ANSWER_MS,
                                    .listing_ms = LISTING_MS,
                                    .health = {.failures_max = FAILURES_MAX, .retry_ms = RETRY_MS}};
}

bool gateway_options_check(const struct gateway_options *options, struct err *err)
{
    bool has_secret = options->password_file || options->token_file;
    if (!options->user != !options->password_file)
        return err_set(err, 0, "origin-user and origin-password-file belong together");
    if (options->user && strchr(options->user, ':'))
        return err_set(err, 0, "origin-user must not have a colon in it (RFC 7617)");
    if (options->user && options->token_file)
        return err_set(err, 0, "an origin is signed in to with a password or with a token");
    if (has_secret && options->credentials == CREDENTIALS_PASS)
        return err_set(err, 0,
                       "origin-credentials = pass sends the client's credentials: then there are "
                       "none of origin-user or origin-token-file");
    if (options->key_file && !options->certificate_file)
        return err_set(err, 0, "origin-key needs origin-cert");
    if (!options->listing_ms)
        return err_set(err, 0,
                       "origin-listing-timeout is how long a listing that shows the mount waits "
                       "for its origin: not 0");
    if (!options->health.retry_ms)
        return err_set(err, 0,
                       "origin-retry is how long an origin that does not answer is let alone: not "
                       "0; origin-failures = 0 asks it all the same");
    return true;
}

static struct client_options client_options_of(const struct gateways *gateways,
                                               const struct gateway_options *options)
{
    unsigned share = options->connections_max / gateways->loop_count;
    if (options->connections_max && share == 0)
        share = 1;
    return (struct client_options){
        .proxy = "",
        .ca_file = options->ca_file,
        .certificate_file = options->certificate_file,
        .key_file = options->key_file ? options->key_file : options->certificate_file,
        .is_http1_only = options->version == ORIGIN_HTTP_1,
        .is_http2_only = options->version == ORIGIN_HTTP_2,
        .connections_max = KEPT_CONNECTIONS,
        .origin_connections_max = share,
        .connect_ms = options->connect_ms,
        .progress_ms = options->progress_ms,
        .answer_ms = options->answer_ms,
        .expect_ms = EXPECT_MS,
    };
}

/* Its URL. */
static struct str name_of(const struct url_place *place, struct arena *arena)
{
    struct buf text = {0};
    url_place_add_authority(place, &text);
    buf_addf(&text, "%.*s/", STR_ARGS(place->inner_text));
    struct str name = arena_str(arena, buf_str(&text));
    buf_done(&text);
    return name;
}

static bool add_one(struct gateways *gateways, struct arena *arena,
                    const struct gateway_mount *mount, const struct gateway_origin *origin,
                    struct err *err)
{
    const struct gateway_options *options = origin->options;
    struct gateway *gateway = &gateways->at[gateways->count];
    struct url_place *place = &gateways->places[gateways->count];
    if (!gateway_options_check(options, err) ||
        !url_place_init(place, arena, mount->prefix, options->url, err))
        return false;
    *gateway = (struct gateway){
        .all = gateways,
        .place = place,
        .index = gateways->count,
        .label = arena_str(arena, origin->label),
        .mate_count = origin == mount->origins ? mount->origin_count : 0,
        .is_partial = mount->is_partial,
        .is_read_only = mount->is_read_only,
        .is_active = mount->is_active,
        .lacks_chunks = options->lacks_chunks,
        .takes_lost = options->takes_lost,
        .listing_ms = options->listing_ms,
        .client = client_options_of(gateways, options),
    };
    if (!read_secrets(gateway, options, arena, err))
        return false;
    bind_secrets(gateway, arena);
    gateway->name = name_of(place, arena);
    gateway->health = health_new(arena, gateway->name, &options->health);
    if (gateways->tallies)
        gateway->tally = origin_tally_of(gateways->tallies, place->outer_text, gateway->name);
    gateways->map.count = ++gateways->count;
    return true;
}

/* One that is there twice hides itself, and what it counts cannot be told apart. */
static bool check_alone(const struct gateway *first, size_t index, struct err *err)
{
    for (size_t i = 0; i < index; i++) {
        if (str_eq(first[i].name, first[index].name))
            return err_set(err, 0, "the origins '%.*s' and '%.*s' have the same url",
                           STR_ARGS(first[i].label), STR_ARGS(first[index].label));
    }
    return true;
}

bool gateways_add(struct gateways *gateways, struct arena *arena, const struct gateway_mount *mount,
                  struct err *err)
{
    bool is_fine = true;
    const struct gateway *first = &gateways->at[gateways->count];
    for (size_t i = 0; i < mount->origin_count && is_fine; i++)
        is_fine =
            add_one(gateways, arena, mount, &mount->origins[i], err) && check_alone(first, i, err);
    return is_fine;
}
