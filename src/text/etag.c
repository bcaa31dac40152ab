#include "text/etag.h"

/* etagc of RFC 9110 §8.8.3, and the blanks that RFC 2616 §3.11 allowed, as the examples of RFC 4918
 * §10.4.6 and §10.4.9 have them: no control character or quote. */
static bool is_etagc(char c)
{
    return c == '\t' || ((unsigned char)c >= ' ' && c != '"' && c != 0x7f);
}

bool etag_take(struct str *rest, struct etag *etag_out)
{
    struct str text = *rest;
    struct etag etag = {.is_weak = str_starts(text, STR("W/"))};
    if (etag.is_weak)
        text = str_from(text, 2);
    if (text.len < 2 || text.at[0] != '"')
        return false;
    size_t end = 1;
    while (end < text.len && is_etagc(text.at[end]))
        end++;
    if (end == text.len || text.at[end] != '"')
        return false;
    etag.opaque = str_first(text, end + 1);
    *rest = str_from(text, end + 1);
    *etag_out = etag;
    return true;
}

/* "x-gzip" as "x", without its closing quote. */
static struct str without_coding(struct str opaque)
{
    static const struct str codings[] = {STR_INIT("-gzip"), STR_INIT("-br"), STR_INIT("-zstd")};
    struct str text = str_first(opaque, opaque.len - 1);
    for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
        if (str_ends(text, codings[i]))
            return str_first(text, text.len - codings[i].len);
    }
    return text;
}

bool etag_matches_weakly(struct etag theirs, struct etag own)
{
    if (own.has_codings)
        return str_eq(without_coding(theirs.opaque), without_coding(own.opaque));
    return str_eq(theirs.opaque, own.opaque);
}

bool etag_matches_strongly(struct etag theirs, struct etag own)
{
    return !theirs.is_weak && !own.is_weak && etag_matches_weakly(theirs, own);
}

enum etag_list etag_list_find(struct str list, const struct etag *own, bool is_strong)
{
    enum etag_list found = ETAG_LIST_INVALID;
    list = str_trim(list);
    if (str_eq(list, STR("*")))
        return ETAG_LIST_ANY;
    while (list.len) {
        struct etag etag;
        if (list.at[0] == ',') { /* empty members are to be ignored: RFC 9110 §5.6.1.2 */
            list = str_trim(str_from(list, 1));
            continue;
        }
        if (!etag_take(&list, &etag))
            return ETAG_LIST_INVALID;
        list = str_trim(list);
        if (list.len && list.at[0] != ',')
            return ETAG_LIST_INVALID;
        bool hits = own && (is_strong ? etag_matches_strongly(etag, *own)
                                      : etag_matches_weakly(etag, *own));
        if (hits)
            found = ETAG_LIST_HIT;
        else if (found == ETAG_LIST_INVALID)
            found = ETAG_LIST_MISS;
    }
    return found;
}
