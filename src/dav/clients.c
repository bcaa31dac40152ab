#include "dav/clients.h"

static const struct {
    enum client_quirk quirk;
    struct str prefix;
} clients[] = {
#define DAV_CLIENT(quirk, prefix, why) {quirk, {prefix, sizeof(prefix) - 1}},
#include "dav/clients.def"
#undef DAV_CLIENT
};

bool client_has(const struct exchange *x, enum client_quirk quirk)
{
    struct str agent = exchange_field(x, FIELD_USER_AGENT);
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        if (clients[i].quirk == quirk && str_starts(agent, clients[i].prefix))
            return true;
    }
    return false;
}
