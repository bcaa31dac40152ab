/* Two bodies side by side: members by href, and of each its items: its status, its properties with
 * their statuses, its conditions and descriptions. Order and spelling do not count: values are
 * compared in canonical form, hrefs after their triplets are in one case and what need not be
 * encoded is not.
 *
 * Both are held, as sorted lists of short texts, and then walked through together as in a merge. A
 * member that is there twice is compared with its like in the order of coming. */
#include "multistatus/print/diff.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "multistatus/print/canonical.h"
#include "multistatus/print/printer_priv.h"
#include "text/path.h"

/* Something that is said of a member: "{DAV:}getetag" and what. */
struct item {
    struct str key;
    struct str value;
};

struct member {
    struct str key; /* its href in one spelling */
    struct str href;
    struct item *items;
    size_t item_count;
    size_t number; /* in the body */
};

struct snapshot {
    struct arena arena;
    struct member *members;
    size_t count, cap;
    struct item *items; /* of the member that is being added */
    size_t item_count, item_cap;
};

struct snapshot *snapshot_new(void)
{
    return MEM_NEW(struct snapshot);
}

void snapshot_free(struct snapshot *snapshot)
{
    if (!snapshot)
        return;
    arena_done(&snapshot->arena);
    mem_free(snapshot->members);
    mem_free(snapshot->items);
    mem_free(snapshot);
}

/* --- holding --- */

static void add_item(struct snapshot *snapshot, struct buf *key, struct buf *value)
{
    if (snapshot->item_count == snapshot->item_cap) {
        snapshot->item_cap = size_max(32, snapshot->item_cap * 2);
        snapshot->items =
            mem_resize(snapshot->items, snapshot->item_cap * sizeof(*snapshot->items));
    }
    snapshot->items[snapshot->item_count++] = (struct item){
        arena_str(&snapshot->arena, buf_str(key)), arena_str(&snapshot->arena, buf_str(value))};
    buf_clear(key);
    buf_clear(value);
}

/* Namespaces that are declared are spelling; the canonical form does without those of no name. */
static bool has_attributes(const struct davit_ms_element *element)
{
    struct str rest = str_of_text(element->attributes);
    while (rest.len) {
        struct str name = str_cut(&rest, '=');
        if (!str_starts(name, STR(" xmlns:")) && !str_eq(name, STR(" xmlns")))
            return true;
        rest = str_from(rest, 1);  /* the quote; within the value it is escaped */
        (void)str_cut(&rest, '"'); /* the value does not matter */
    }
    return false;
}

static void add_value(struct buf *to, const struct davit_ms_element *element)
{
    if (element->has_elements || has_attributes(element))
        canonical_add(to, element, -1);
    else
        utf8_add_printable(to, str_of_text(element->text));
}

static void add_reason(struct snapshot *snapshot, const struct davit_ms_reason *reason,
                       struct str prefix)
{
    struct buf key = {0}, value = {0};
    for (size_t i = 0; i < reason->condition_count; i++) {
        buf_add(&key, prefix);
        BUF_ADD(&key, "condition ");
        printer_add_prop_name(&key, &reason->conditions[i]);
        add_value(&value, &reason->conditions[i]);
        add_item(snapshot, &key, &value);
    }
    if (reason->description.len) {
        buf_add(&key, prefix);
        BUF_ADD(&key, "description");
        utf8_add_printable(&value, str_of_text(reason->description));
        add_item(snapshot, &key, &value);
    }
    buf_done(&key);
    buf_done(&value);
}

static void add_propstat(struct snapshot *snapshot, const struct davit_ms_propstat *propstat)
{
    struct buf key = {0}, value = {0};
    for (size_t i = 0; i < propstat->prop_count; i++) {
        printer_add_prop_name(&key, &propstat->props[i]);
        if (propstat->status != 200) {
            BUF_ADD(&value, "(");
            printer_add_status(&value, propstat->status);
            BUF_ADD(&value, ") ");
        }
        add_value(&value, &propstat->props[i]);
        add_item(snapshot, &key, &value);
    }
    add_reason(snapshot, &propstat->reason, STR("properties' "));
    buf_done(&key);
    buf_done(&value);
}

static int compare_items(const void *a, const void *b)
{
    const struct item *left = a;
    const struct item *right = b;
    int order = str_compare(left->key, right->key);
    return order ? order : str_compare(left->value, right->value);
}

static void add_items(struct snapshot *snapshot, const struct davit_ms_response *response)
{
    struct buf key = {0}, value = {0};
    snapshot->item_count = 0;
    if (response->status_line.len) {
        BUF_ADD(&key, "status");
        printer_add_status(&value, response->status);
        add_item(snapshot, &key, &value);
    }
    if (response->location.len) {
        BUF_ADD(&key, "location");
        utf8_add_printable(&value, str_of_text(response->location));
        add_item(snapshot, &key, &value);
    }
    for (size_t i = 0; i < response->other_count; i++) {
        BUF_ADD(&key, "extension ");
        printer_add_prop_name(&key, &response->others[i]);
        add_value(&value, &response->others[i]);
        add_item(snapshot, &key, &value);
    }
    add_reason(snapshot, &response->reason, STR_NONE);
    for (size_t i = 0; i < response->propstat_count; i++)
        add_propstat(snapshot, &response->propstats[i]);
    if (snapshot->item_count)
        qsort(snapshot->items, snapshot->item_count, sizeof(*snapshot->items), compare_items);
    buf_done(&key);
    buf_done(&value);
}

/* The href in one spelling, where it is a path; otherwise as it is. */
static struct str key_of(struct snapshot *snapshot, struct str href)
{
    struct res_path path;
    bool has_slash;
    struct buf key = {0};
    if (path_decode(&snapshot->arena, href, &path, &has_slash) != PATH_OK)
        return href;
    path_encode(&key, path, has_slash);
    struct str copy = arena_str(&snapshot->arena, buf_str(&key));
    buf_done(&key);
    return copy;
}

void snapshot_add(struct snapshot *snapshot, const struct davit_ms_response *response)
{
    struct arena *arena = &snapshot->arena;
    add_items(snapshot, response);
    struct item *items = arena_alloc(arena, snapshot->item_count * sizeof(*items));
    if (snapshot->item_count)
        memcpy(items, snapshot->items, snapshot->item_count * sizeof(*items));
    for (size_t i = 0; i < response->href_count; i++) {
        if (snapshot->count == snapshot->cap) {
            snapshot->cap = size_max(64, snapshot->cap * 2);
            snapshot->members =
                mem_resize(snapshot->members, snapshot->cap * sizeof(*snapshot->members));
        }
        struct str href = arena_str(arena, str_of_text(response->hrefs[i].uri));
        snapshot->members[snapshot->count] = (struct member){key_of(snapshot, href), href, items,
                                                             snapshot->item_count, snapshot->count};
        snapshot->count++;
    }
}

/* --- comparing --- */

static int compare_members(const void *a, const void *b)
{
    const struct member *left = a;
    const struct member *right = b;
    int order = str_compare(left->key, right->key);
    return order ? order : (left->number > right->number) - (left->number < right->number);
}

static void add_line(struct buf *to, char mark, struct str text, bool is_item)
{
    buf_add(to, is_item ? STR("    ") : STR_NONE);
    buf_add_char(to, mark);
    buf_add_char(to, ' ');
    utf8_add_printable(to, text);
}

static void add_item_line(struct buf *to, char mark, const struct item *item)
{
    add_line(to, mark, item->key, true);
    if (item->value.len) {
        BUF_ADD(to, ": ");
        buf_add(to, item->value);
    }
    buf_add_char(to, '\n');
}

/* The items of a member that is in both. Returns how many differ. */
static size_t diff_items(const struct member *a, const struct member *b, struct buf *to)
{
    size_t i = 0, k = 0, count = 0;
    while (i < a->item_count || k < b->item_count) {
        int order = i == a->item_count   ? 1
                    : k == b->item_count ? -1
                                         : str_compare(a->items[i].key, b->items[k].key);
        count++;
        if (order < 0) {
            add_item_line(to, '-', &a->items[i++]);
        } else if (order > 0) {
            add_item_line(to, '+', &b->items[k++]);
        } else if (str_eq(a->items[i].value, b->items[k].value)) {
            count--;
            i++, k++;
        } else {
            add_line(to, '~', a->items[i].key, true);
            buf_addf(to, ": %.*s -> %.*s\n", STR_ARGS(a->items[i].value),
                     STR_ARGS(b->items[k].value));
            i++, k++;
        }
    }
    return count;
}

static size_t diff_member(const struct member *a, const struct member *b, struct buf *to)
{
    struct buf lines = {0};
    size_t count = diff_items(a, b, &lines);
    if (count) {
        add_line(to, '~', b->href, false);
        buf_add_char(to, '\n');
        buf_add(to, buf_str(&lines));
        count++;
    }
    buf_done(&lines);
    return count;
}

static size_t diff_alone(char mark, const struct member *member, struct buf *to)
{
    add_line(to, mark, member->href, false);
    buf_add_char(to, '\n');
    return 1;
}

size_t snapshot_diff(struct snapshot *a, struct snapshot *b, struct buf *to)
{
    size_t i = 0, k = 0, count = 0;
    if (a->count)
        qsort(a->members, a->count, sizeof(*a->members), compare_members);
    if (b->count)
        qsort(b->members, b->count, sizeof(*b->members), compare_members);
    while (i < a->count || k < b->count) {
        int order = i == a->count   ? 1
                    : k == b->count ? -1
                                    : str_compare(a->members[i].key, b->members[k].key);
        if (order < 0)
            count += diff_alone('-', &a->members[i++], to);
        else if (order > 0)
            count += diff_alone('+', &b->members[k++], to);
        else
            count += diff_member(&a->members[i++], &b->members[k++], to);
    }
    return count;
}
