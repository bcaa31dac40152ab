#include "check/read/markdown/wiki.h"

#include "check/read/markdown/names.h"
#include "check/url/percent.h"

/* What stands between the brackets; what is left stands behind them. */
static bool take_inside(struct str *rest, struct str *inside_out)
{
    for (;;) {
        size_t open = str_index(*rest, '[');
        if (open == rest->len)
            return false;
        *rest = str_from(*rest, open + 1);
        if (!str_starts(*rest, STR("[")))
            continue;
        struct str inside = str_from(*rest, 1);
        size_t len = 0;
        while (len < inside.len && !strchr("[]\n", inside.at[len]))
            len++;
        if (len && str_starts(str_from(inside, len), STR("]]"))) {
            *inside_out = str_first(inside, len);
            *rest = str_from(inside, len + 2);
            return true;
        }
    }
}

static void add_page(struct buf *url, struct str page, enum wikilinks style)
{
    struct buf name = {0};
    buf_add(&name, page);
    for (size_t i = 0; i < name.len && style == WIKILINKS_GITHUB; i++)
        name.at[i] = name.at[i] == ' ' ? '-' : name.at[i];
    size_t slash = str_index_last(page, '/');
    struct str last = slash < page.len ? str_from(page, slash + 1) : page;
    if (page.len && str_index(last, '.') == last.len)
        BUF_ADD(&name, ".md");
    percent_encode(url, buf_str(&name), PERCENT_PATH);
    buf_done(&name);
}

bool wiki_take(struct str *rest, enum wikilinks style, struct buf *url, struct str *title_out)
{
    struct str inside, title;
    if (!take_inside(rest, &inside))
        return false;
    size_t bar = str_index(inside, '|');
    struct str before = str_first(inside, bar), behind = str_from(inside, bar + 1);
    bool has_title = bar < inside.len;
    struct str page = has_title && style == WIKILINKS_GITHUB ? behind : before;
    title = !has_title ? inside : style == WIKILINKS_GITHUB ? before : behind;
    size_t hash = str_index(page, '#');
    add_page(url, str_trim(str_first(page, hash)), style);
    if (hash < page.len) {
        buf_add_char(url, '#');
        heading_name(str_trim(str_from(page, hash + 1)), url);
    }
    *title_out = str_trim(title);
    return true;
}
