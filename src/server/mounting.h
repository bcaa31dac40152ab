/* server/mounting.h: what a configuration mounts, and what requests see of it. */
#pragma once

#include "server/settings.h"

/* False: two mounts' directories lie in each other, and `err` says which. */
NODISCARD bool settings_check_roots(const struct server_config *config, struct err *err);

/* What no reload changes, and all settings are put upon. Borrowed for their life. */
struct settings_ground {
    struct store_pool *pool;
    struct shared_state *shared;
    struct origin_tallies *tallies;
    const struct limits *store_limits;
    const struct media_types *media_types;
    bool is_read_only;
    int spool_dir_fd; /* of struct service */
};

/* Opens what is to be served, and makes the service of it. */
NODISCARD bool settings_mount(struct settings *settings, const struct settings_ground *ground,
                              struct err *err);
