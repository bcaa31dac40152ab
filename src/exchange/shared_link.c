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
    x->seen.prefix = (struct res_path){x->path.at, sizeof(LINK_SEGMENT) + token.len};
    x->seen.place = x->signed_in.principal.scope.path;
}
