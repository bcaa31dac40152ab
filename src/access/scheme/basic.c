#include "access/scheme/basic.h"

#include "text/base64.h"

static bool has_control(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c < 0x20 || c == 0x7f)
            return true;
    }
    return false;
}

bool basic_read(const struct authorization *authorization, struct arena *arena, struct basic *out)
{
    struct str both;
    if (!base64_decode(authorization->token68, BASE64, arena, &both) ||
        str_index(both, ':') == both.len || has_control(both))
        return false;
    struct str user = str_cut(&both, ':');
    size_t domain_len = str_index(user, '\\'); /* DOMAIN\user */
    *out = (struct basic){domain_len < user.len ? str_from(user, domain_len + 1) : user, both};
    return true;
}
