/* server/settings.h: what a configuration means: users, rules, tokens, and the service that
 * requests see. On SIGHUP there are new ones; requests under way keep the old ones until they are
 * over. */
#pragma once

#include <stdatomic.h>

#include "access/accounts.h"
#include "access/scheme/jwt.h"
#include "dav/service.h"
#include "gateway/gateway.h"
#include "server/config/config.h"
#include "server/names.h"
#include "server/proxy.h"
#include "server/store_pool.h"
#include "store/trash/trash.h"
#include "store/view/view.h"
#include "sync/service.h"

struct settings_mount {
    struct mount mount; /* for somebody, where there is no user in it */
    bool has_user;      /* its base has a segment "%u" */
    bool has_clients;   /* that sync, and know it by their own paths (sync/service.h) */
    struct trash_options keep;
};

/* What files said that was taken, so that a reload can go on with it where they cannot be read. */
struct settings_text {
    const char *path; /* NULL: there is no such file */
    struct str text;
    struct str keys;    /* of users: what FILE.keys said */
    struct err mistake; /* why what it said before still counts; no text: it does not */
};

struct settings {
    atomic_uint refs;
    struct settings *owner; /* of what `config` holds; NULL: these */
    struct server_config config;
    struct arena arena;
    struct users users;
    struct tokens tokens;
    struct jwt_keys *jwt_keys;
    struct settings_text users_text;
    struct settings_text tokens_text;
    struct settings_text jwt_text;
    struct rules no_rules;
    struct accounts accounts;
    struct access access;
    struct proxies proxies;
    struct known_names names; /* the caller has them learn */
    struct store_pool *pool;
    struct settings_mount *mounts; /* in the arena */
    size_t mount_count;
    struct gateways gateways; /* the mounts that have origins */
    struct content_place *places;
    struct upload_place *upload_places; /* as many */
    size_t place_count;                 /* of all mounts */
    struct handler_mount *handlers;
    struct service service; /* what requests see, once it is mounted, but for what is a loop's */
    struct dav_service dav;
    struct dav_service between; /* where there are origins, too */
    struct sync_service *syncs; /* of mounts that are served to sync clients, too */
    size_t sync_count;
};

/* Takes what `config` holds, also on failure. Reads the files that it names; where one that
 * `before` has read cannot be read now, what it said then counts, and the log says so. `before`:
 * NULL at the start. NULL: `err` says why. Gives one reference. */
NODISCARD struct settings *settings_new(struct server_config *config, struct access_state *state,
                                        const struct settings *before, struct err *err);

/* The same configuration, and what the files of accounts say now. Of one whose mistake has not
 * changed the log says nothing again. Gives one reference. */
NODISCARD struct settings *settings_renew(struct settings *before, struct err *err);

/* App passwords outlive settings, and may have to be waited for (access/apps/app_passwords.h): so
 * they are not read with the rest. May block. False: they are as they were. */
NODISCARD bool settings_read_app_passwords(const struct settings *settings, struct err *err);

/* Whether what a file said before counts only since the system lacked something when it was read:
 * it is to be read again. */
bool settings_lack_a_file(const struct settings *settings);

/* Whether not everyone may do everything. */
bool settings_have_access(const struct settings *settings);

/* Any thread. */
struct settings *settings_ref(struct settings *settings);
void settings_unref(struct settings *settings);

/* The settings in force as one loop knows them: counted without atomics, since its requests begin
 * and end on its thread. */
struct settings_use;

/* Takes a reference. On the thread of the loop, which has that index. *in_force_out is what its
 * requests see from now on. Gives; free it, or replace it. */
NODISCARD struct settings_use *settings_use_new(struct settings *settings, struct loop *loop,
                                                unsigned index,
                                                const struct service **in_force_out);

/* What a request sees until its arena is reset. */
const struct service *settings_use_begin(struct settings_use *use, struct arena *arena);

const struct proxies *settings_use_proxies(const struct settings_use *use);
const struct known_names *settings_use_names(const struct settings_use *use);
const struct gateways *settings_use_gateways(const struct settings_use *use);

/* Takes it back; it goes with its last request. NULL is fine. */
void settings_use_end(struct settings_use *use);

/* What outlives a reload, with its bounds: first what other nodes would share. Gives; free it with
 * standalone_free(). */
NODISCARD struct shared_state *settings_shared_state(void);
NODISCARD struct access_state *settings_access_state(const struct server_config *config,
                                                     struct shared_state *shared);
