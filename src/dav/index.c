/* A collection as a page for people (RFC 4918 §9.4): one line for each member, with absolute links,
 * so that it does not matter whether the URL came with its slash.
 *
 * The page is a source that is pulled on a worker, like a PROPFIND's answer, so that memory does
 * not grow with the collection and a slow browser costs a cursor and not a thread. A list that fits
 * into SORTED_MAX members is sorted, collections first; of a longer one the first SORTED_MAX are,
 * and the rest follows as the store gives it.
 *
 * A name is any bytes: in a link it is percent-encoded, in the text it is escaped, shown as logs
 * show it (base/utf8.h), and set apart from the direction of what is around it. */
#include "dav/index.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "dav/lock/if_check.h"
#include "dav/target.h"
#include "dav/walk.h"
#include "exchange/admit.h"
#include "exchange/answer/compress.h"
#include "exchange/browser.h"
#include "exchange/clients/clients.h"
#include "exchange/destination.h"
#include "exchange/respond.h"
#include "text/date.h"
#include "text/size.h"
#include "xml/writer.h"

enum { SORTED_MAX = 2000, STEP_BYTES = 4096 };

enum index_state {
    INDEX_HEAD,   /* nothing written yet */
    INDEX_SORTED, /* the gathered members are being written */
    INDEX_REST,   /* members as the cursor gives them */
    INDEX_END,
};

struct index_member {
    struct str name;
    struct store_stat stat;
    bool is_known;       /* it could be looked at */
    bool is_part;        /* what it is, and not what is known of it */
    bool is_elsewhere;   /* a mount that is another handler's, or */
    bool is_unreachable; /* one of which no more is known than that it is there */
};

struct index_source {
    struct source base;
    struct exchange *x;
    struct walk walk;
    enum index_state state;
    bool has_parent; /* one that can be gone to */
    struct index_member *members;
    size_t member_count;
    size_t written;
    struct buf pending; /* formatted, and not yet pulled */
};

static int compare_members(const void *a, const void *b)
{
    const struct index_member *left = a;
    const struct index_member *right = b;
    if (left->stat.is_collection != right->stat.is_collection)
        return left->stat.is_collection ? -1 : 1;
    return str_compare(left->name, right->name);
}

/* A name as it can be read: what would turn its direction round or break its line is escaped, and
 * what is around it goes its own way. */
static void add_name(struct buf *to, struct str name)
{
    struct buf shown = {0};
    char escape[UTF8_ESCAPE_BYTES];
    struct str visible;
    while (name.len) {
        size_t len = utf8_take_visible(name, escape, &visible);
        buf_add(&shown, visible);
        name = str_from(name, len);
    }
    xml_add_text(to, buf_str(&shown));
    buf_done(&shown);
}

/* The day is enough on a phone; the title has all of it. */
static void add_date(struct buf *to, int64_t seconds)
{
    if (seconds == STORE_TIME_UNKNOWN)
        return;
    struct buf date = {0};
    iso_date_add(&date, seconds); /* 1994-11-06T08:49:37Z */
    struct str text = buf_str(&date);
    BUF_ADD(to, "<time datetime=\"");
    buf_add(to, text);
    BUF_ADD(to, "\" title=\"");
    http_date_add(to, seconds);
    BUF_ADD(to, "\">");
    buf_add(to, str_first(text, 10));
    BUF_ADD(to, "<span> ");
    buf_add(to, str_first(str_from(text, 11), 5));
    BUF_ADD(to, "</span></time>");
    buf_done(&date);
}

static void add_member(struct index_source *index, const struct index_member *member)
{
    struct buf *to = &index->pending;
    bool is_collection = (member->is_known || member->is_unreachable) && member->stat.is_collection;
    BUF_ADD(to, "<tr><td><a href=\"");
    path_encode(to, index->x->path, true);
    path_encode_segment(to, member->name);
    if (is_collection)
        buf_add_char(to, '/');
    BUF_ADD(to, "\"><bdi>");
    add_name(to, member->name);
    BUF_ADD(to, "</bdi>");
    if (is_collection)
        buf_add_char(to, '/');
    BUF_ADD(to, "</a><td");
    if (member->is_known && !is_collection) {
        BUF_ADD(to, " title=\"");
        size_exact_add(to, member->stat.size_bytes);
        BUF_ADD(to, "\">");
        size_add(to, member->stat.size_bytes);
    } else {
        buf_add_char(to, '>');
    }
    BUF_ADD(to, "<td>");
    if (member->is_unreachable)
        BUF_ADD(to, "out of reach at present");
    else if (member->is_known && !member->is_part && !member->is_elsewhere)
        add_date(to, member->stat.modified_s);
    else if (!member->is_known)
        BUF_ADD(to, "not accessible");
    buf_add_char(to, '\n');
}

static void add_head(struct index_source *index)
{
    struct buf *to = &index->pending;
    struct buf path = {0};
    buf_add_char(&path, '/');
    buf_add(&path, path_str(index->x->path));
    BUF_ADD(to, "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
                "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    add_name(to, buf_str(&path));
    BUF_ADD(to, "</title>\n<style>");
    buf_add(to, str_of_c(browser_index_style));
    BUF_ADD(to, "</style>\n<h1><bdi>");
    add_name(to, buf_str(&path));
    BUF_ADD(to, "</bdi></h1>\n");
    if (dav_service_of(index->x)->offers_archives) /* crawlers follow links, and no buttons */
        BUF_ADD(to, "<form><button name=\"zip\">Download as zip</button></form>\n");
    BUF_ADD(to, "<table>\n"
                "<tr><th>Name<th>Size<th>Changed<span> (UTC)</span>\n");
    if (index->has_parent) {
        BUF_ADD(to, "<tr><td><a href=\"");
        path_encode(to, path_parent(index->x->path), true);
        BUF_ADD(to, "\">..</a><td><td>\n");
    }
    buf_done(&path);
}

/* False: it is hidden. */
static bool member_of(const struct index_source *index, struct arena *arena,
                      const struct walk_item *item, struct index_member *out)
{
    enum access_verdict verdict = admit_judge(index->x, ACCESS_READ, item->path, item->real);
    struct str name = path_name(item->path);
    const struct look *look = item->is_mount ? target_look(index->x, item->real) : NULL;
    struct walk_item part = *item;
    bool is_part = verdict == ACCESS_REFUSED && target_show_part(index->x, item, &part);
    *out = (struct index_member){
        .name = arena ? arena_str(arena, name) : name,
        .stat = part.stat,
        .is_known = item->rc == STORE_OK && (is_part || verdict == ACCESS_GRANTED),
        .is_part = is_part,
        .is_elsewhere = look != NULL,
        .is_unreachable = item->is_mount && verdict == ACCESS_GRANTED &&
                          (item->rc == STORE_UNAVAILABLE || (look && !dav_is_fine(look->why)))};
    return verdict == ACCESS_GRANTED || is_part || (verdict != ACCESS_HIDDEN && !item->is_of_part);
}

static enum store_rc gather(struct index_source *index)
{
    struct walk_item item;
    struct arena *arena = index->x->arena;
    enum store_rc rc = STORE_OK;
    index->members = arena_alloc(arena, SORTED_MAX * sizeof(*index->members));
    while (index->member_count < SORTED_MAX && (rc = walk_next(&index->walk, &item)) == STORE_OK)
        index->member_count += member_of(index, arena, &item, &index->members[index->member_count]);
    qsort(index->members, index->member_count, sizeof(*index->members), compare_members);
    return rc == STORE_END ? STORE_OK : rc;
}

static enum store_rc add_rest(struct index_source *index)
{
    struct walk_item item;
    enum store_rc rc = walk_next(&index->walk, &item);
    struct index_member plain;
    if (rc == STORE_OK && member_of(index, NULL, &item, &plain))
        add_member(index, &plain);
    return rc;
}

/* One step further; OK until END. */
static enum store_rc index_step(struct index_source *index)
{
    enum store_rc rc = STORE_OK;
    switch (index->state) {
    case INDEX_HEAD:
        add_head(index);
        index->state = INDEX_SORTED;
        return gather(index);
    case INDEX_SORTED:
        if (index->written < index->member_count)
            add_member(index, &index->members[index->written++]);
        else
            index->state = INDEX_REST;
        return STORE_OK;
    case INDEX_REST:
        rc = add_rest(index);
        if (rc != STORE_END)
            return rc;
        BUF_ADD(&index->pending, "</table>\n");
        index->state = INDEX_END;
        return STORE_OK;
    case INDEX_END:
        return STORE_END;
    }
    BUG("no such index state");
}

static enum pull index_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct index_source *index = CONTAINER_OF(self, struct index_source, base);
    enum store_rc rc = STORE_OK;
    while (index->pending.len < STEP_BYTES && rc == STORE_OK)
        rc = index_step(index);
    if (rc != STORE_OK && rc != STORE_END) {
        err_set(err, 0, "listing a collection failed");
        return PULL_FAIL;
    }
    if (index->pending.len == 0)
        return PULL_END;
    size_t len = size_min(want, index->pending.len);
    buf_add(into, str_first(buf_str(&index->pending), len));
    buf_consume(&index->pending, len);
    return PULL_DATA;
}

static void index_close(struct source *self)
{
    struct index_source *index = CONTAINER_OF(self, struct index_source, base);
    walk_done(&index->walk);
    buf_done(&index->pending);
}

static const struct source_ops index_ops = {
    .name = "index", .pull = index_pull, .close = index_close};

static enum walk_entry may_look(struct walk *walk, struct res_path path, struct res_path real)
{
    const struct index_source *index = CONTAINER_OF(walk, struct index_source, walk);
    return target_entry(index->x, path, real);
}

/* Whether the collection above is one that whoever asks would find. */
static bool has_parent(const struct exchange *x)
{
    struct store *store = target_of(x)->store;
    struct res_path parent = path_parent(x->path);
    struct res_path real;
    struct store_stat stat;
    return !path_is_root(x->path) &&
           store_locate(store, x->arena, parent, LOCATE_RESOURCE, &real) == STORE_OK &&
           (!x->service->access || target_entry(x, parent, real) != WALK_PASSES_BY) &&
           store_stat(store, real, 0, &stat) == STORE_OK;
}

/* The collection itself comes first, and says whether it can be listed. */
static enum store_rc begin_walk(struct index_source *index)
{
    struct exchange *x = index->x;
    struct walk_item item = {.path = x->path, .real = target_read(x), .stat.is_collection = true};
    walk_init(&index->walk, target_of(x)->store, &item, DEPTH_1, 1);
    if (x->service->access)
        index->walk.may_enter = may_look;
    enum store_rc rc = walk_next(&index->walk, &item);
    return rc == STORE_OK ? item.rc : rc;
}

/* To the URL with the slash: relative links of pages below it, and what crawls no higher than where
 * it began, take the collection's own name for a part of the way otherwise. */
static enum stage_end redirect(struct exchange *x)
{
    struct buf location = {0};
    path_encode(&location, x->path, true);
    if (x->stream->request.query.len) {
        buf_add_char(&location, '?');
        buf_add(&location, x->stream->request.query);
    }
    respond_field(x, FIELD_LOCATION, buf_str(&location));
    buf_done(&location);
    return respond_status(x, HTTP_PERMANENT_REDIRECT);
}

/* Of mounts that are others' only whether they are within reach is shown. */
enum stage_end index_look(struct exchange *x)
{
    static const struct look_wish wish = {
        .propfind = STR_INIT("<propfind xmlns=\"DAV:\"><prop><resourcetype/></prop></propfind>")};
    return looks_take(x, &target_of(x)->looks, target_read(x), false, &wish);
}

enum stage_end index_answer(struct exchange *x)
{
    struct index_source *index = ARENA_NEW(x->arena, struct index_source);
    struct dav_result result = if_header_check(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    bool is_file_url = !x->has_slash && !path_is_root(x->path);
    bool is_app = x->dialect == MULTISTATUS_SYNC; /* which follows no redirect */
    if (is_file_url && is_app && x->method->id == METHOD_GET)
        return respond_error(x, dav_error(HTTP_NOT_FOUND, "what was a file is a collection now"));
    if (is_file_url && !is_app && !client_has(x, QUIRK_NO_REDIRECT))
        return redirect(x);
    index->base.ops = &index_ops;
    index->x = x;
    enum store_rc rc = begin_walk(index);
    if (rc != STORE_OK) {
        index_close(&index->base);
        return respond_error(x, dav_from_store(rc));
    }
    index->has_parent = has_parent(x);
    respond_location(x, true);
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-cache"));
    browser_confine_index(x);
    struct source *body = exchange_offload(x, &index->base);
    (void)compress_offer(x, true);
    return respond_source(x, HTTP_OK, STR("text/html; charset=utf-8"), body, LENGTH_UNKNOWN);
}
