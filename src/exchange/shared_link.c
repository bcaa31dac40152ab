#include "exchange/shared_link.h"

#define LINK_SEGMENT ".link"

bool link_is_path(const struct service *service, struct res_path path)
{
    return service->has_links && str_eq(path_first(path), STR(LINK_SEGMENT));
}

struct str link_token(const struct exchange *x)
{
    struct str rest = str_from(path_str(x->path), sizeof(LINK_SEGMENT));
    struct str token = str_cut(&rest, '/');
    if (!link_is_path(x->service, x->path))
        return STR_NONE;
    return token.len ? token : STR(""); /* there is none such, and it is a link all the same */
}

void link_follow(struct exchange *x, struct str token)
{
    struct str *id = &x->signed_in.principal.link;
    *id = path_str(path_join(x->arena, PATH(LINK_SEGMENT), *id));
    x->link_prefix = (struct res_path){x->path.at, sizeof(LINK_SEGMENT) + token.len};
}

bool link_leave(const struct exchange *x, struct arena *arena, struct res_path *path)
{
    if (!x->link_prefix.at)
        return true;
    if (!path_is_within(*path, x->link_prefix))
        return false;
    *path = path_rebase(arena, *path, x->link_prefix, x->signed_in.principal.scope.path);
    return true;
}
