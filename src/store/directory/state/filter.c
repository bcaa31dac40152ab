/* A set of bits, one for the hash of each path that has, or once had, a dead property, and another
 * for each collection above it: who moves or removes a tree asks for all of it. A clear bit saves
 * the look at the database, which is nearly all of them in most trees. It costs memory where
 * bits are set: a page for each of the first fifty paths or so, and no more than 256 KiB; with
 * 100,000 paths one bit in twenty is set, with a million one in three.
 *
 * It is made anew from the database whenever that is opened, and reading a million rows takes long.
 * So it is learned in pieces: the first when the database is opened, which is all of a small one,
 * the others on a thread beside the requests (state.c). Until the last, each path may have some.
 * Who sets one notes it before he commits, so that it is no matter on which side of the piece it
 * falls.
 *
 * The same pass finds damage, since every page of rows is read: first the index, whose keys begin
 * with the paths, then the table. Values that are longer than a page are not looked at.
 *
 * Rejected: to keep the bits in the database. They would have to be written with the properties,
 * and only ever grow; and nothing would look at the pages. */
#include "store/directory/state/filter.h"

#include "base/map.h"
#include "base/mem.h"

enum { ROWS_AT_ONCE = 8192 };

/* The last row that was read: in the index, then in the table. */
struct filter_place {
    struct buf path;
    struct buf ns;
    struct buf name;
    bool is_in_table;
    int64_t row;
};

static void free_place(struct filter *filter)
{
    if (!filter->place)
        return;
    buf_done(&filter->place->path);
    buf_done(&filter->place->ns);
    buf_done(&filter->place->name);
    mem_free(filter->place);
    filter->place = NULL;
}

void filter_begin(struct filter *filter)
{
    free_place(filter);
    atomic_store(&filter->is_whole, false);
    filter->place = MEM_NEW(struct filter_place);
}

bool filter_is_learned(const struct filter *filter)
{
    return !filter->place;
}

void filter_done(struct filter *filter)
{
    free_place(filter);
}

/* --- paths --- */

static uint32_t bit_of(struct res_path path)
{
    return (uint32_t)hash_bytes(path_str(path)) % FILTER_BITS;
}

/* That of the paths below it. */
static uint32_t bit_below(struct res_path path)
{
    return (uint32_t)~hash_bytes(path_str(path)) % FILTER_BITS;
}

static void set_bit(struct filter *filter, uint32_t bit)
{
    atomic_uint *word = &filter->words[bit / FILTER_WORD_BITS];
    unsigned mask = 1U << (bit % FILTER_WORD_BITS);
    if (!(atomic_load(word) & mask))
        atomic_fetch_or(word, mask);
}

static bool has_bit(const struct filter *filter, uint32_t bit)
{
    return atomic_load(&filter->words[bit / FILTER_WORD_BITS]) >> (bit % FILTER_WORD_BITS) & 1;
}

void filter_note(struct filter *filter, struct res_path path)
{
    set_bit(filter, bit_of(path));
    while (!path_is_root(path)) {
        path = path_parent(path);
        set_bit(filter, bit_below(path));
    }
    atomic_store(&filter->has_any, true);
}

bool filter_may_have(const struct filter *filter, struct res_path path)
{
    if (!atomic_load(&filter->has_any))
        return false;
    return !atomic_load(&filter->is_whole) || has_bit(filter, bit_of(path));
}

bool filter_may_have_within(const struct filter *filter, struct res_path tree)
{
    return filter_may_have(filter, tree) ||
           (atomic_load(&filter->has_any) && has_bit(filter, bit_below(tree)));
}

bool filter_has_any(const struct filter *filter)
{
    return atomic_load(&filter->has_any);
}

/* --- learning --- */

static void keep(struct buf *kept, struct str bytes)
{
    buf_clear(kept);
    buf_add(kept, bytes);
}

/* OK: there may be more. */
static enum store_rc learn_paths(struct filter *filter, struct state_db *db)
{
    struct filter_place *place = filter->place;
    enum store_rc rc = STORE_OK;
    int count = 0;
    sqlite3_stmt *statement = state_prepare(db, SQL_PROP_KEYS);
    state_bind(statement, 1, buf_str(&place->path));
    state_bind(statement, 2, buf_str(&place->ns));
    state_bind(statement, 3, buf_str(&place->name));
    while (count < ROWS_AT_ONCE && (rc = state_step(statement)) == STORE_OK) {
        struct str path = state_column(statement, 0);
        if (count == 0 || !str_eq(path, buf_str(&place->path))) {
            filter_note(filter, (struct res_path){path.at, path.len});
            keep(&place->path, path);
        }
        if (++count == ROWS_AT_ONCE) {
            keep(&place->ns, state_column(statement, 1));
            keep(&place->name, state_column(statement, 2));
        }
    }
    if (statement)
        (void)sqlite3_reset(statement); /* the step has reported already */
    return count == ROWS_AT_ONCE ? STORE_OK : rc;
}

static enum store_rc read_table(struct filter_place *place, struct state_db *db)
{
    enum store_rc rc = STORE_OK;
    int count = 0;
    sqlite3_stmt *statement = state_prepare(db, SQL_PROP_ROWS);
    if (statement)
        (void)sqlite3_bind_int64(statement, 1, place->row); /* the step would fail */
    while (count < ROWS_AT_ONCE && (rc = state_step(statement)) == STORE_OK) {
        place->row = sqlite3_column_int64(statement, 0);
        count++;
    }
    if (statement)
        (void)sqlite3_reset(statement); /* the step has reported already */
    return count == ROWS_AT_ONCE ? STORE_OK : rc;
}

enum store_rc filter_learn(struct filter *filter, struct state_db *db)
{
    struct filter_place *place = filter->place;
    enum store_rc rc = place->is_in_table ? read_table(place, db) : learn_paths(filter, db);
    if (rc == STORE_END && place->is_in_table)
        free_place(filter);
    if (rc != STORE_END || !filter->place)
        return rc;
    place->is_in_table = true;
    place->row = INT64_MIN;
    atomic_store(&filter->is_whole, true);
    return STORE_OK;
}
