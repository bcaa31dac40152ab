#include "server/extensions.h"

#include "extension/extension.h"
#include "extension/loaded/load.h"

static const struct config_extension *first_of(const struct server_config *config)
{
    return config->file ? config->file->extensions : NULL;
}

bool server_extend(const struct server_config *config, struct err *err)
{
    struct arena arena = {0};
    bool is_fine = true;
    extensions_add();
    for (const struct config_extension *at = first_of(config); at && is_fine; at = at->next)
        is_fine = extension_load(arena_text(&arena, at->name), at->load, err);
    arena_done(&arena);
    return is_fine;
}

bool server_extends_alike(const struct server_config *config, const struct server_config *other,
                          struct err *err)
{
    const struct config_extension *one = first_of(config);
    const struct config_extension *two = first_of(other);
    while (one && two && str_eq(one->name, two->name) && strcmp(one->load, two->load) == 0) {
        one = one->next;
        two = two->next;
    }
    return (!one && !two) || err_set(err, 0, "loading other extensions needs a restart");
}
