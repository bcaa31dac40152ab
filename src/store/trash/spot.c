#include "store/trash/spot.h"

#include "text/date.h"

struct spot spot_of(struct arena *arena, struct str name, unsigned levels, struct res_path path)
{
    struct spot spot = {0};
    struct str rest = path_str(path);
    size_t base_len = 0;
    for (unsigned i = 0; i < levels; i++) {
        if (rest.len == 0)
            return spot;
        base_len += str_cut(&rest, '/').len + (i > 0);
    }
    spot.base = (struct res_path){path.at ? path.at : "", base_len};
    spot.trash = path_join(arena, spot.base, name);
    spot.rest = rest;
    if (!str_eq(str_cut(&rest, '/'), name))
        return spot;
    spot.rest = rest;
    spot.zone = ZONE_TRASH;
    if (rest.len == 0)
        return spot;
    struct str first = str_cut(&rest, '/');
    spot.zone = str_eq(first, SPOT_VERSIONS) ? ZONE_VERSIONS : ZONE_KEPT;
    spot.slot = path_join(arena, spot.trash, first);
    spot.rest = rest;
    return spot;
}

/* The segments below a collection, of which there may be none. */
static struct res_path join_all(struct arena *arena, struct res_path above, struct str below)
{
    return below.len ? path_join(arena, above, below) : above;
}

struct res_path spot_real(struct arena *arena, const struct spot *spot, struct res_path path)
{
    return spot->zone == ZONE_KEPT
               ? join_all(arena, path_join(arena, spot->slot, SPOT_KEPT), spot->rest)
               : path;
}

struct res_path spot_versions(struct arena *arena, const struct spot *spot)
{
    if (spot->zone == ZONE_KEPT)
        return join_all(arena, path_join(arena, spot->slot, SPOT_OF_KEPT), spot->rest);
    return join_all(arena, path_join(arena, spot->trash, SPOT_VERSIONS), spot->rest);
}

/* --- moments --- */

void moment_add(struct buf *to, int64_t wall_us)
{
    int64_t second = wall_us / 1000000;
    struct buf iso = {0};
    iso_date_add(&iso, second);
    for (size_t i = 0; i + 1 < iso.len; i++) {
        if (iso.at[i] != '-' && iso.at[i] != ':')
            buf_add_char(to, iso.at[i]);
    }
    buf_done(&iso);
    buf_addf(to, ".%06uZ", (unsigned)(wall_us - second * 1000000));
}

/* One that does not come out again as it went in was never one: 31 February. */
bool moment_parse(struct str name, int64_t *wall_us_out)
{
    struct str text = str_first(name, MOMENT_LEN);
    struct buf again = {0};
    int64_t second;
    uint64_t us;
    if (text.len < MOMENT_LEN || !iso_date_parse_basic(str_first(text, 15), &second) ||
        !str_parse_u64(str_first(str_from(text, 16), 6), &us))
        return false;
    *wall_us_out = second * 1000000 + (int64_t)us;
    moment_add(&again, *wall_us_out);
    bool is_one = str_eq(buf_str(&again), text);
    buf_done(&again);
    return is_one;
}
