#include "store/directory/tree/link.h"

/* What the text leads to from the collection `from`; false: that cannot be told from it alone. */
static bool resolve(struct arena *arena, struct res_path from, struct str text,
                    struct res_path *path_out)
{
    bool is_down = false;
    *path_out = from;
    if (text.len == 0 || text.at[0] == '/')
        return false;
    while (text.len) {
        struct str segment = str_cut(&text, '/');
        if (segment.len == 0 || str_eq(segment, STR(".")))
            continue;
        if (!str_eq(segment, STR(".."))) {
            is_down = true;
            *path_out = path_join(arena, *path_out, segment);
        } else if (is_down || path_is_root(*path_out)) {
            return false; /* the name before it may be a link, too */
        } else {
            *path_out = path_parent(*path_out);
        }
    }
    return true;
}

/* The way from the collection `from` to `path`. */
static struct str way(struct arena *arena, struct res_path from, struct res_path path)
{
    struct buf text = {0};
    struct res_path common = from;
    while (!path_is_within(path, common)) {
        BUF_ADD(&text, "../");
        common = path_parent(common);
    }
    buf_add(&text, str_from(path_str(path), common.len + (common.len && path.len > common.len)));
    if (text.len && text.at[text.len - 1] == '/')
        text.len--;
    if (text.len == 0)
        buf_add_char(&text, '.');
    struct str kept = arena_str(arena, buf_str(&text));
    buf_done(&text);
    return kept;
}

struct str link_text_for(struct arena *arena, const struct link_journey *journey,
                         struct res_path path, struct str text)
{
    struct res_path target;
    if (path_is_root(path) || path_is_root(journey->to) ||
        !resolve(arena, path_parent(path), text, &target) || path_is_within(target, journey->from))
        return text;
    struct res_path to = path_rebase(arena, path, journey->from, journey->to);
    struct res_path before = path_parent(path);
    struct res_path after = path_parent(to);
    return path_eq(before, after) ? text : way(arena, after, target);
}
