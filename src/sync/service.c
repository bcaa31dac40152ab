#include "sync/service.h"

#include "access/scheme/basic.h"

const struct sync_service *sync_service_of(const struct exchange *x)
{
    return x->handler->is_over ? dav_service_of(x)->owner : x->handler->shared;
}

struct str sync_path_of(const struct exchange *x)
{
    struct res_path prefix = sync_service_of(x)->prefix;
    return str_from(path_str(x->path), prefix.len ? prefix.len + 1 : 0);
}

/* Without users a password is not looked at, but clients send one. */
struct str sync_user_of(const struct exchange *x)
{
    struct authorization authorization;
    struct basic basic;
    if (x->service->access)
        return x->signed_in.principal.name;
    if (authorization_parse(exchange_field(x, FIELD_AUTHORIZATION), x->arena, &authorization) &&
        authorization_is(&authorization, "Basic") && basic_read(&authorization, x->arena, &basic))
        return basic.user;
    return STR("anonymous");
}
