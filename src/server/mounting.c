/* What a configuration mounts: the directories and gateways behind its paths, the table of who
 * answers for each path, and the trees that requests see.
 *
 * Directories are one handler's, whose store for whoever asks is a view: of the mounts that are
 * his, homes under his name, with a point for each gateway that is a member of a collection of
 * ours. Two other views are for few requests: that of a shared link, and the one between mounts, in
 * which origins are stores as well and every call may block. Where nobody's view differs and there
 * is one mount at the root, that is its store, and no request makes any.
 *
 * Of the rows of the table that cover a path the longest counts. The stores have one for all paths,
 * and one for each directory that is mounted within a gateway's mount. */
#include "server/mounting.h"

#include "base/mem.h"
#include "dav/home.h"
#include "dav/target.h"
#include "dav/upload/choose.h"
#include "exchange/browser.h"
#include "exchange/clients/clients.h"
#include "gateway/forward.h"
#include "gateway/union/union.h"
#include "store/origin/origin.h"
#include "store/registry.h"
#include "store/view/point.h"
#include "sync/mount.h"
#include "text/unicode.h"

/* --- what is seen --- */

static const struct settings *settings_of(const struct dav_service *dav)
{
    return dav->owner;
}

/* Takes the base as the store has it, which may be another Unicode form or case of the same names:
 * what is located is compared with it. False: a directory that is the user's by its case only may
 * as well be another user's. */
static bool spell_base(struct mount *mount, struct str user, struct arena *arena)
{
    struct res_path real;
    struct store *store = mount->store;
    if (store_locate(store, arena, mount->base, LOCATE_RESOURCE, &real) != STORE_OK)
        return true; /* then it is not there, and answers say so */
    struct str base = unicode_form(arena, path_str(mount->base), UNICODE_LOOSE);
    if (!str_eq(unicode_form(arena, path_str(real), UNICODE_LOOSE), base))
        return true; /* a link: the view decides */
    struct str real_rest = path_str(real);
    for (struct str rest = path_str(mount->base); rest.len;) {
        struct str name = str_cut(&rest, '/');
        struct str real_name = str_cut(&real_rest, '/');
        if (user.len && unicode_eq(name, user) && !unicode_eq(real_name, user)) {
            log_line(LOG_WARN,
                     "the home directory of %.*s is not used: it is named %.*s, and may be "
                     "somebody else's",
                     STR_ARGS(user), STR_ARGS(real_name));
            return false;
        }
    }
    mount->base = real;
    return true;
}

/* The base with the user's name for "%u". */
static bool find_home(struct mount *mount, struct str user, struct arena *arena)
{
    struct buf base = {0};
    if (user.len == 0)
        return false;
    for (struct str rest = path_str(mount->base); rest.len;) {
        struct str part = str_cut(&rest, '/');
        buf_add(&base, str_eq(part, STR("%u")) ? user : part);
        buf_add(&base, rest.len ? STR("/") : STR_NONE);
    }
    struct str copy = arena_str(arena, buf_str(&base));
    buf_done(&base);
    mount->base = (struct res_path){copy.at, copy.len};
    return spell_base(mount, user, arena);
}

/* The mounts of gateways are members of what is above them, and no more of them is in a store. A
 * shared link shows none. */
static size_t add_points(const struct settings *settings, const struct principal *principal,
                         struct mount *mounts)
{
    size_t count = 0;
    for (size_t i = 0; i < settings->gateways.count && !principal->link.len; i++) {
        const struct gateway *gateway = &settings->gateways.at[i];
        struct res_path prefix = gateway->place->outer;
        if (gateway->mate_count && !path_is_root(prefix))
            mounts[count++] = (struct mount){
                .prefix = prefix, .store = point_store(), .base = PATH_ROOT, .is_read_only = true};
    }
    return count;
}

/* The directories that a principal sees, and room for more. */
static struct mount *mounts_of(const struct settings *settings, const struct principal *principal,
                               struct arena *arena, struct home **homes_out, size_t *count_out)
{
    struct mount *mounts = arena_alloc(
        arena, (settings->mount_count + settings->gateways.count + 1) * sizeof(*mounts));
    size_t count = 0;
    *homes_out = NULL;
    for (size_t i = 0; i < settings->mount_count; i++) {
        const struct settings_mount *from = &settings->mounts[i];
        mounts[count] = from->mount;
        if (from->has_user && !find_home(&mounts[count], principal->name, arena))
            continue;
        if (from->has_user && !from->mount.is_read_only)
            home_add(homes_out, arena, mounts[count].store, mounts[count].base);
        count++;
    }
    *count_out = count;
    return mounts;
}

static struct store *view(const struct dav_service *dav, const struct principal *principal,
                          struct arena *arena, struct home **homes_out)
{
    const struct settings *settings = settings_of(dav);
    size_t count;
    struct mount *mounts = mounts_of(settings, principal, arena, homes_out, &count);
    count += add_points(settings, principal, mounts + count);
    struct store *store = mount_view(arena, mounts, count);
    store->traits = dav->traits;
    return store;
}

/* Of one server that is asked as one user there is one store. */
static struct store *store_of(struct exchange *x, const struct gateway *gateway,
                              struct store *const *stores)
{
    const struct gateway *all = gateway->all->at;
    for (const struct gateway *other = all; other < gateway; other++) {
        if (origin_is_shared(other, gateway))
            return stores[other - all];
    }
    return origin_store_new(x, gateway);
}

/* Whether what is brought there may be what it is brought from: by the name of another user. */
static bool may_be_source(const struct exchange *x, const struct gateway *gateway)
{
    const struct handler *from = handler_find(x->service, x->path);
    for (size_t i = 0; i < gateway->all->count; i++) {
        const struct gateway *other = &gateway->all->at[i];
        struct res_path inner = gateway->place->inner;
        if (&other->handler == from && origin_is_same(other, gateway) &&
            !origin_is_shared(other, gateway))
            return path_is_within(inner, other->place->inner) ||
                   path_is_within(other->place->inner, inner);
    }
    return false;
}

static void transfer_over(void *arg)
{
    atomic_uint *transfers = arg;
    atomic_fetch_sub(transfers, 1);
}

/* A transfer has a worker for as long as an origin takes; some must be left for all else. */
static bool may_transfer(const struct gateways *gateways, struct arena *arena)
{
    if (atomic_fetch_add(gateways->transfers, 1) >= gateways->transfers_max) {
        transfer_over(gateways->transfers);
        return false;
    }
    arena_on_reset(arena, transfer_over, gateways->transfers);
    return true;
}

/* It is out of reach here, and asked for nothing. */
static void close_off(struct mount *mount)
{
    mount->store = point_store();
    mount->base = PATH_ROOT;
}

/* Directories and origins. NULL: too many look at them. A union of origins is no store: what is in
 * it cannot be told here. */
static struct store *view_between(const struct dav_service *dav, struct exchange *x,
                                  struct home **homes_out)
{
    const struct settings *settings = settings_of(dav);
    const struct gateways *gateways = &settings->gateways;
    size_t count;
    if (!may_transfer(gateways, x->arena))
        return NULL;
    struct mount *mounts =
        mounts_of(settings, &x->signed_in.principal, x->arena, homes_out, &count);
    struct store **stores = arena_alloc(x->arena, gateways->count * sizeof(struct store *));
    for (size_t i = 0; i < gateways->count; i++) {
        const struct gateway *gateway = &gateways->at[i];
        const struct look *look = target_look(x, gateway->place->outer);
        struct mount *mount = &mounts[count];
        stores[i] = store_of(x, gateway, stores);
        if (!gateway->mate_count)
            continue;
        *mount = (struct mount){.prefix = gateway->place->outer,
                                .store = stores[i],
                                .base = gateway->place->inner,
                                .is_read_only = gateway->is_read_only || may_be_source(x, gateway)};
        if (gateway->mate_count > 1 || (look && !dav_is_fine(look->why)))
            close_off(mount);
        count++;
    }
    return mount_view(x->arena, mounts, count);
}

static struct store *view_link(const struct dav_service *dav, const struct exchange *x,
                               struct home **homes_out)
{
    const struct principal *principal = &x->signed_in.principal;
    struct mount *mount = ARENA_NEW(x->arena, struct mount);
    mount->prefix = x->seen.prefix;
    mount->base = x->seen.place;
    mount->is_read_only = principal->scope.is_read_only;
    mount->is_synced = true; /* where the mount is that it is in */
    mount->store = dav->view ? dav->view(dav, principal, x->arena, homes_out) : dav->store;
    (void)!spell_base(mount, STR_NONE, x->arena); /* nobody's home: it never refuses */
    return mount_view(x->arena, mount, 1);
}

/* The mount alone, as sync clients see it. */
static struct store *view_synced(const struct dav_service *dav, const struct exchange *x,
                                 struct home **homes_out)
{
    const struct sync_service *sync = dav->owner;
    const struct settings_mount *from = sync->owner;
    struct mount *mount = ARENA_NEW(x->arena, struct mount);
    struct str user = x->signed_in.principal.name;
    *mount = from->mount;
    *homes_out = NULL;
    bool is_there = !from->has_user || find_home(mount, user, x->arena);
    if (is_there && from->has_user && !from->mount.is_read_only)
        home_add(homes_out, x->arena, mount->store, mount->base);
    mount->prefix = x->seen.prefix;
    if (!is_there || !x->seen.aside.at)
        return mount_view(x->arena, mount, is_there);
    struct mount *both = arena_alloc(x->arena, 2 * sizeof(*both));
    both[0] = both[1] = *mount;
    both[1].prefix = x->seen.aside;
    both[1].base = path_join(x->arena, mount->base, from->keep.name);
    return mount_view(x->arena, both, 2);
}

/* --- mounts --- */

enum { KEEP_SWEEP_MS = 3600000 }; /* from one look for what has been kept long enough to the next */

/* "/srv/homes/%u/files" is the directory /srv/homes, and in it %u/files. */
static char *split_root(struct arena *arena, const char *root, struct settings_mount *mount)
{
    struct str text = str_of_c(root);
    const char *user = strstr(root, "/%u");
    mount->has_user = user && (user[3] == '/' || user[3] == '\0');
    mount->mount.base = PATH_ROOT;
    if (!mount->has_user)
        return arena_text(arena, text);
    while (text.len && text.at[text.len - 1] == '/')
        text.len--;
    struct str base = arena_str(arena, str_from(text, (size_t)(user - root) + 1));
    mount->mount.base = (struct res_path){base.at, base.len};
    return arena_text(arena, str_first(text, (size_t)(user - root)));
}

/* What pages may do there. */
static struct content_place place_of(struct arena *arena, struct res_path prefix,
                                     const struct config_mount *config)
{
    struct content_place place = {prefix, config->is_active};
    struct web_origin *origins = arena_alloc(arena, config->cors.count * sizeof(*origins));
    for (size_t i = 0; i < config->cors.count; i++) {
        if (web_origin_parse(str_of_c(config->cors.at[i]), &origins[place.origin_count]))
            place.origin_count++;
        else
            place.is_for_all = true; /* "*" */
    }
    place.origins = origins;
    return place;
}

static struct upload_place upload_place_of(struct res_path prefix,
                                           const struct config_mount *config)
{
    struct upload_place place = {prefix, DIALECTS_DEFAULT};
    struct str wrong;
    if (config->uploads) /* checked when it was read */
        (void)!upload_dialects_read(str_of_c(config->uploads), &place.dialects, &wrong);
    return place;
}

/* What is kept of what is deleted or overwritten there. */
static struct trash_options keep_of(const struct settings_mount *mount,
                                    const struct config_mount *config, bool is_read_only)
{
    enum { TENTH = 10, MS = 1000 };
    struct trash_options keep = {0};
    if (config->keep.ms <= 0 || is_read_only)
        return keep;
    keep.name = config->keep.name ? str_of_c(config->keep.name) : STR(".trash");
    for (struct str rest = path_str(mount->mount.base); rest.len; keep.levels++)
        (void)str_cut(&rest, '/'); /* each home has its own */
    keep.keep_s = (uint64_t)config->keep.ms / MS;
    keep.keep_bytes = config->keep.bytes ? config->keep.bytes : config->quota_bytes / TENTH;
    /* None is there for longer than it should by more than a tenth. */
    keep.sweep_ms =
        (uint32_t)u64_min(u64_max((uint64_t)config->keep.ms / TENTH, MS), KEEP_SWEEP_MS);
    return keep;
}

static bool add_root(struct settings *settings, struct res_path prefix,
                     const struct config_mount *config, const struct limits *limits,
                     struct err *err)
{
    struct settings_mount *mount = &settings->mounts[settings->mount_count];
    struct store_options options = {.durability = settings->config.durability, .limits = limits};
    mount->mount.prefix = prefix;
    mount->mount.is_read_only = config->is_read_only || settings->config.is_read_only;
    mount->mount.quota_bytes = config->quota_bytes;
    mount->mount.usages = store_pool_usages(settings->pool);
    options.root = split_root(&settings->arena, config->root, mount);
    options.is_read_only = settings->config.is_read_only;
    options.is_alone = config->is_alone;
    options.is_synced = mount->mount.is_synced = config->is_synced;
    options.has_acls = config->has_acls;
    mount->has_clients = config->has_sync_clients;
    options.state_dir = config->line ? NULL : settings->config.state_dir; /* of the root only */
    mount->keep = keep_of(mount, config, options.is_read_only);
    mount->mount.store = store_pool_take(settings->pool, &options, &mount->keep, err);
    settings->mount_count += mount->mount.store != NULL;
    return mount->mount.store != NULL;
}

static bool add_origin(struct settings *settings, struct res_path prefix,
                       const struct config_mount *config, struct err *err)
{
    struct gateway_origin alone;
    struct gateway_mount mount = {
        .prefix = prefix,
        .is_read_only = config->is_read_only || settings->config.is_read_only,
        .is_active = config->is_active,
        .is_partial = config->is_partial,
    };
    mount.origins = config_mount_origins(config, &alone, &mount.origin_count);
    return client_load(err) && gateways_add(&settings->gateways, &settings->arena, &mount, err);
}

static bool add_mount(struct settings *settings, const struct config_mount *config,
                      const struct limits *limits, struct err *err)
{
    struct res_path prefix;
    bool has_slash;
    if (path_decode(&settings->arena, config->pattern, &prefix, &has_slash) != PATH_OK)
        return err_set(err, 0, "[mount \"%.*s\"] is not a valid path of a URL",
                       STR_ARGS(config->pattern));
    settings->upload_places[settings->place_count] = upload_place_of(prefix, config);
    settings->places[settings->place_count++] = place_of(&settings->arena, prefix, config);
    return config->root ? add_root(settings, prefix, config, limits, err)
                        : add_origin(settings, prefix, config, err);
}

/* The directory that a mount's store is opened on: of homes, the one that holds them. */
static const char *store_root(struct arena *arena, const char *root)
{
    const char *user = strstr(root, "/%u");
    bool is_home = user && (user[3] == '/' || user[3] == '\0');
    return is_home ? arena_text(arena, str_of(root, (size_t)(user - root))) : root;
}

static bool are_apart(const char *root, const char *other, struct err *err)
{
    struct arena arena = {0};
    const char *first = store_root(&arena, root);
    const char *second = store_root(&arena, other);
    bool is_fine = store_compare_roots(first, second) != STORE_ROOTS_MEET ||
                   err_set(err, 0,
                           "'%s' and '%s' cannot both be served: one is inside the other, or "
                           "mounted there; serve only one of them, or move them apart",
                           first, second);
    arena_done(&arena);
    return is_fine;
}

bool settings_check_roots(const struct server_config *config, struct err *err)
{
    const struct config_mount *mount = config->file ? config->file->mounts : NULL;
    if (config->is_read_only) /* nothing can be changed by either name */
        return true;
    for (; mount; mount = mount->next) {
        if (config->root && mount->root && !are_apart(config->root, mount->root, err))
            return false;
        for (const struct config_mount *other = mount->next; other; other = other->next) {
            if (mount->root && other->root && !are_apart(mount->root, other->root, err))
                return false;
        }
    }
    return true;
}

/* --- the service --- */

/* Nobody need look for places where no page may do anything. */
static size_t place_count(const struct settings *settings)
{
    for (size_t i = 0; i < settings->place_count; i++) {
        const struct content_place *place = &settings->places[i];
        if (place->is_active || place->origin_count || place->is_for_all)
            return settings->place_count;
    }
    return 0;
}

static bool has_points(const struct settings *settings)
{
    for (size_t i = 0; i < settings->gateways.count; i++) {
        if (!path_is_root(settings->gateways.at[i].place->outer))
            return true;
    }
    return false;
}

/* Whether everybody sees just the first mount's store, at the root and without bounds. */
static bool is_plain(const struct settings *settings)
{
    const struct server_config *config = &settings->config;
    const struct settings_mount *first = &settings->mounts[0];
    bool is_root_only = config->root && !(config->file && config->file->mounts);
    bool is_bounded = first->mount.is_read_only || first->mount.quota_bytes;
    bool is_at_root = path_is_root(first->mount.prefix);
    return !first->has_user && !has_points(settings) &&
           (is_root_only || (settings->mount_count == 1 && is_at_root && !is_bounded));
}

/* A directory that is mounted within a gateway's mount, where every path would be the gateway's. */
static bool stands_before(const struct settings_mount *mount, const struct gateways *gateways)
{
    for (size_t i = 0; i < gateways->count; i++) {
        struct res_path around = gateways->at[i].place->outer;
        if (path_is_within(mount->mount.prefix, around) && mount->mount.prefix.len > around.len)
            return true;
    }
    return false;
}

/* The longest prefix counts, and of two that are the same the first: a gateway at the root comes
 * before the stores, which have what else there is. */
static size_t add_handlers(struct settings *settings, const struct access *access)
{
    const struct gateways *gateways = &settings->gateways;
    size_t count = 0;
    forward_handle(&settings->gateways);
    union_handle(&settings->gateways);
    settings->handlers =
        arena_alloc(&settings->arena, (gateways->count + settings->mount_count + DAV_MOUNTS_MAX +
                                       settings->sync_count * SYNC_MOUNTS_MAX) *
                                          sizeof(*settings->handlers));
    for (size_t i = 0; i < gateways->count; i++) {
        const struct gateway *gateway = &gateways->at[i];
        if (gateway->mate_count)
            settings->handlers[count++] =
                (struct handler_mount){gateway->place->outer, &gateway->handler};
    }
    for (size_t i = 0; i < settings->mount_count; i++) {
        const struct settings_mount *mount = &settings->mounts[i];
        if (stands_before(mount, gateways))
            settings->handlers[count++] =
                (struct handler_mount){mount->mount.prefix, &settings->dav.stores};
    }
    for (size_t i = 0; i < settings->sync_count; i++)
        count += sync_mount(&settings->syncs[i], &settings->arena, settings->handlers + count);
    return count + dav_mount(&settings->dav, access, settings->handlers + count);
}

/* Of two servers, or of two trees, clients must not take a number for the same resource. With it an
 * id has 32 characters at most. */
static struct str id_suffix_of(struct arena *arena, struct store *store)
{
    struct store_stat stat = {0};
    struct buf suffix = {0};
    (void)!store_stat(store, PATH_ROOT, WANTS_ID, &stat); /* out of reach for now: none will do */
    BUF_ADD(&suffix, "oc");
    buf_add_hex(&suffix, stat.id, 10);
    struct str copy = arena_str(arena, buf_str(&suffix));
    buf_done(&suffix);
    return copy;
}

/* Beside the paths that the mounts have anyway. */
static void add_syncs(struct settings *settings)
{
    settings->syncs =
        arena_alloc(&settings->arena, settings->mount_count * sizeof(*settings->syncs));
    for (size_t i = 0; i < settings->mount_count; i++) {
        const struct settings_mount *mount = &settings->mounts[i];
        struct sync_service *sync = &settings->syncs[settings->sync_count];
        if (!mount->has_clients)
            continue;
        settings->sync_count++;
        sync->dav = settings->dav;
        sync->dav.view_seen = view_synced;
        sync->dav.id_suffix = id_suffix_of(&settings->arena, mount->mount.store);
        sync->owner = mount;
        sync->trash_name = mount->keep.keep_s ? mount->keep.name : STR_NONE;
        sync->prefix = mount->mount.prefix;
        sync->has_bulk = settings->config.has_sync_bulk;
        sync->product = str_of_c(settings->config.sync_product);
    }
}

/* Everything may block there. */
static void stand_between(struct settings *settings)
{
    struct buf mark = {0};
    settings->between = settings->dav;
    settings->between.view_between = view_between;
    settings->between.traits =
        (struct store_traits){.reads_block = true, .quota_blocks = true, .locks_block = true};
    dav_stand_between(&settings->between);
    buf_addf(&mark, "%s " FORWARDED_TRANSFER, settings->gateways.name.text);
    settings->service.between = &settings->between.between;
    settings->service.between_mark = arena_str(&settings->arena, buf_str(&mark));
    buf_done(&mark);
}

/* What the file says of programs; NULL: nothing. */
static const struct client_rules *make_clients(struct settings *settings)
{
    const struct config_file *file = settings->config.file;
    size_t count = 0;
    for (const struct config_client *at = file ? file->clients : NULL; at; at = at->next)
        count++;
    if (count == 0)
        return NULL;
    struct client_rule *rules = arena_alloc(&settings->arena, count * sizeof(*rules));
    struct client_rule *rule = rules;
    for (const struct config_client *at = file->clients; at; at = at->next, rule++) {
        struct str wrong;
        *rule = (struct client_rule){.pattern = at->pattern,
                                     .notice = str_of_c(at->notice),
                                     .period_ms = at->period_ms,
                                     .is_refused = at->is_refused,
                                     .has_quirks = at->quirks != NULL};
        if (at->quirks && !client_quirks_read(str_of_c(at->quirks), &rule->quirks, &wrong))
            BUG("quirks that were checked are none");
    }
    return client_rules_new(&settings->arena, rules, count,
                            (size_t)settings->config.limits.client_notices);
}

/* All that requests see, in one place. */
static void make_service(struct settings *settings, const struct settings_ground *ground)
{
    const struct server_config *config = &settings->config;
    const struct access *access = settings_have_access(settings) ? &settings->access : NULL;
    settings->dav = (struct dav_service){
        .owner = settings,
        .store = settings->mounts[0].mount.store,
        .view = is_plain(settings) ? NULL : view,
        .view_seen = access ? view_link : NULL,
        .media_types = ground->media_types,
        .upload_places = settings->upload_places,
        .upload_place_count = settings->place_count,
        .has_looks = has_points(settings),
        .offers_archives = !config->has_no_archives,
        .allows_infinity = config->allows_infinity,
        .hides_lock_tokens = config->hides_lock_tokens,
    };
    for (size_t i = 0; i < settings->mount_count; i++)
        mount_add_traits(&settings->dav.traits, &settings->mounts[i].mount);
    settings->service = (struct service){
        .limits = &config->limits,
        .access = access,
        .public_names = config->public_names,
        .public_name_count = config->public_name_count,
        .places = settings->places,
        .place_count = place_count(settings),
        .spool_dir_fd = ground->spool_dir_fd,
        .is_read_only = ground->is_read_only,
        .compress = config->compress,
        .clients = make_clients(settings),
        .has_links = settings->dav.view_seen,
    };
    add_syncs(settings);
    settings->service.mount_count = add_handlers(settings, access);
    settings->service.mounts = settings->handlers;
    if (settings->gateways.count)
        stand_between(settings);
}

static unsigned most_transfers(const struct server_config *config)
{
    unsigned half = config->workers > 1 ? config->workers / 2 : 1;
    return (unsigned)u64_min(half, config->limits.transfer_count);
}

bool settings_mount(struct settings *settings, const struct settings_ground *ground,
                    struct err *err)
{
    const struct config_file *file = settings->config.file;
    const struct config_mount *mounts = file ? file->mounts : NULL;
    struct config_mount root = {.pattern = STR("/"),
                                .root = settings->config.root,
                                .is_active = settings->config.is_active,
                                .is_alone = settings->config.is_alone,
                                .is_synced = settings->config.is_synced,
                                .has_sync_clients = settings->config.has_sync_clients,
                                .has_acls = settings->config.has_acls,
                                .keep = settings->config.keep,
                                .cors = settings->config.cors,
                                .uploads = settings->config.uploads};
    size_t count = 1;
    size_t origin_count = 0;
    bool is_fine = settings_check_roots(&settings->config, err);
    settings->pool = ground->pool;
    for (const struct config_mount *mount = mounts; mount; mount = mount->next)
        count++, origin_count += mount->origin.url ? 1 : mount->united_count;
    settings->mounts = arena_alloc(&settings->arena, count * sizeof(*settings->mounts));
    settings->places = arena_alloc(&settings->arena, count * sizeof(*settings->places));
    settings->upload_places =
        arena_alloc(&settings->arena, count * sizeof(*settings->upload_places));
    gateways_init(&settings->gateways, &settings->arena, origin_count, settings->config.threads);
    settings->gateways.shared = ground->shared;
    settings->gateways.tallies = ground->tallies;
    settings->gateways.transfers_max = most_transfers(&settings->config);
    if (root.root && is_fine)
        is_fine = add_mount(settings, &root, ground->store_limits, err);
    for (const struct config_mount *mount = mounts; mount && is_fine; mount = mount->next)
        is_fine = add_mount(settings, mount, ground->store_limits, err);
    if (!is_fine)
        return false;
    make_service(settings, ground);
    return true;
}
