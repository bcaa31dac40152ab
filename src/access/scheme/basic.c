#include "access/scheme/basic.h"

#include "base/utf8.h"
#include "text/base64.h"
#include "text/unicode.h"

static bool has_control(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c < 0x20 || c == 0x7f)
            return true;
    }
    return false;
}

/* Every byte is the character of its number. */
static struct str from_latin1(struct arena *arena, struct str text)
{
    char *bytes = arena_alloc(arena, 2 * text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c >= 0x80)
            bytes[len++] = (char)(0xc0 | c >> 6);
        bytes[len++] = (char)(c < 0x80 ? c : 0x80 | (c & 0x3f));
    }
    return str_of(bytes, len);
}

/* RFC 7617 §2.1 has UTF-8 in NFC, but clients that do not look at `charset` send what they have:
 * Latin-1, which is told by not being UTF-8 (Appendix B), or NFD. The password is tried as it came
 * first, since whoever made its hash may have had the same habit. */
bool basic_read(const struct authorization *authorization, struct arena *arena, struct basic *out)
{
    struct str both;
    if (!base64_decode(authorization->token68, BASE64, arena, &both) ||
        str_index(both, ':') == both.len || has_control(both))
        return false;
    bool is_utf8 = utf8_is_valid(both);
    struct str user = str_cut(&both, ':');
    size_t domain_len = str_index(user, '\\'); /* DOMAIN\user */
    if (domain_len < user.len)
        user = str_from(user, domain_len + 1);
    struct str other = is_utf8 ? unicode_form(arena, both, UNICODE_NFC) : from_latin1(arena, both);
    *out = (struct basic){
        .user =
            unicode_form(arena, utf8_is_valid(user) ? user : from_latin1(arena, user), UNICODE_NFC),
        .password = both,
        .other_password = str_eq(other, both) ? STR_NONE : other,
    };
    return true;
}
