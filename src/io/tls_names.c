#include "io/tls_names.h"

/* RFC 6125 §6.4.3: a '*' stands for one whole label, the leftmost. */
static bool covers(struct str wildcard, struct str host)
{
    if (!str_starts(wildcard, STR("*.")))
        return false;
    size_t dot = str_index(host, '.');
    return dot > 0 && str_eq(str_from(wildcard, 1), str_from(host, dot));
}

bool tls_name_fits(struct str name, struct str host)
{
    return str_eq(name, host) || covers(name, host);
}
