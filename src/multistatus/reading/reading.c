/* Clients read the same body differently, and not as RFC 4918 means it. What each does is in
 * clients.def, as habits; here is what each habit does to the entries that the client shows. The
 * habits come from the sources of the clients, and for Windows from its documentation and what its
 * users met.
 *
 * A response becomes entries: files and folders as they are; phantoms, which the client shows and
 * which are not there; and those that are dropped. Beside them stand the differences: what the
 * client does that a careful reader would not, and with which member.
 *
 * All entries are held until the end: a single response can make a client give up the whole, and
 * only the size of the whole tells whether Windows shows any of it. */
#include "multistatus/reading/reading.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "http/status.h"
#include "multistatus/facts.h"
#include "multistatus/keep.h"
#include "text/etag.h"
#include "text/json.h"
#include "text/path.h"
#include "text/uri.h"

enum habit_number {
#define READING_CLIENT(name, what, habits)
#define READING_HABIT(name, effect, text) NUMBER_##name,
#include "multistatus/reading/clients.def"
#undef READING_HABIT
    HABIT_COUNT
};

enum habit {
#define READING_HABIT(name, effect, text) HABIT_##name = 1 << NUMBER_##name,
#include "multistatus/reading/clients.def"
#undef READING_HABIT
};

/* What a habit does: nothing visible; an entry too many; one too few; an error; nothing is shown.
 */
enum effect { EFFECT_NONE, EFFECT_PHANTOM, EFFECT_DROPPED, EFFECT_FAILS, EFFECT_NOTHING };

static const struct {
    enum effect effect;
    const char *text;
} habits[] = {
#define READING_HABIT(name, effect, text) {effect, text},
#include "multistatus/reading/clients.def"
#undef READING_HABIT
#undef READING_CLIENT
};

static const struct client {
    const char *name;
    const char *what;
    unsigned habits;
} clients[] = {
#define READING_HABIT(name, effect, text)
#define READING_CLIENT(name, what, habits) {name, what, (unsigned)(habits)},
#include "multistatus/reading/clients.def"
#undef READING_HABIT
#undef READING_CLIENT
};

enum { LARGE_BYTES = 1000000, LONG_HREF_CHARS = 2047, SHOWN_EXAMPLES_MAX = 5 };

enum entry_kind { ENTRY_FILE, ENTRY_FOLDER, ENTRY_PHANTOM };

struct entry {
    enum entry_kind kind;
    struct str href;
    struct str size; /* getcontentlength; may be empty */
};

/* What a habit has done, and to whom. */
struct difference {
    size_t count;
    struct str hrefs[SHOWN_EXAMPLES_MAX];
};

struct reading {
    const struct client *client;
    const struct lint_exchange *exchange;
    struct arena arena;
    struct entry *entries;
    size_t entry_count, entry_cap;
    struct difference differences[HABIT_COUNT];
    struct uri scope;
    bool has_scope;
    bool has_target;
    bool has_failed;  /* the client gives up with an error */
    bool has_nothing; /* it shows nothing */
    bool is_cut_off;
};

const char *reading_clients(void)
{
    return "finder, windows, gvfs, davfs2, rclone, joplin, zotero";
}

struct reading *reading_new(const char *client, const struct lint_exchange *exchange)
{
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        if (strcmp(clients[i].name, client) != 0)
            continue;
        struct reading *reading = MEM_NEW(struct reading);
        reading->client = &clients[i];
        reading->exchange = exchange;
        return reading;
    }
    return NULL;
}

void reading_begin(struct reading *reading)
{
    reading->has_scope = uri_parse(reading->exchange->target, &reading->scope);
}

void reading_free(struct reading *reading)
{
    if (!reading)
        return;
    arena_done(&reading->arena);
    mem_free(reading->entries);
    mem_free(reading);
}

/* Whether the client has the habit; if so, that it has shown itself, with `href`. */
static bool does(struct reading *reading, enum habit_number habit, struct str href)
{
    struct difference *difference = &reading->differences[habit];
    if (!(reading->client->habits & 1U << habit))
        return false;
    if (difference->count < SHOWN_EXAMPLES_MAX)
        difference->hrefs[difference->count] = arena_str(&reading->arena, href);
    difference->count++;
    reading->has_failed |= habits[habit].effect == EFFECT_FAILS;
    reading->has_nothing |= habits[habit].effect == EFFECT_NOTHING;
    return true;
}

static void add_entry(struct reading *reading, enum entry_kind kind, struct str href,
                      struct str size)
{
    if (reading->entry_count == reading->entry_cap) {
        reading->entry_cap = size_max(64, reading->entry_cap * 2);
        reading->entries =
            mem_resize(reading->entries, reading->entry_cap * sizeof(*reading->entries));
    }
    reading->entries[reading->entry_count++] =
        (struct entry){kind, arena_str(&reading->arena, href), arena_str(&reading->arena, size)};
}

/* --- one response --- */

/* The path of an href, decoded; PATH_ROOT where it is none. */
static struct res_path path_of(struct reading *reading, struct str href)
{
    struct uri uri;
    struct res_path path;
    bool has_slash;
    if (uri_parse(href, &uri))
        href = uri.path;
    if (path_decode(&reading->arena, href, &path, &has_slash) != PATH_OK)
        return PATH_ROOT;
    return path;
}

static bool is_windows_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.at[i];
        if (c < 0x20 || strchr("<>:\"\\|?*", c))
            return false;
    }
    return !str_ends(name, STR(".")) && !str_ends(name, STR(" "));
}

/* False: the client does not show what is at `href`, or gives up. */
static bool takes_href(struct reading *reading, struct str href)
{
    struct res_path path = path_of(reading, href);
    if (href.len > LONG_HREF_CHARS && does(reading, NUMBER_LONG_HREF, str_first(href, 80)))
        return false;
    if (!is_windows_name(path_name(path)) && does(reading, NUMBER_WINDOWS_NAMES, href))
        return false;
    if (!reading->has_scope)
        return true;
    struct res_path scope = path_of(reading, reading->scope.path);
    reading->has_target |= path_eq(path, scope);
    if (path_is_within(path, scope)) {
        struct str raw = href;
        struct uri uri;
        if (uri_parse(href, &uri))
            raw = uri.path;
        if (!str_starts(raw, str_first(reading->scope.path, scope.len + 1)))
            return !does(reading, NUMBER_SPELLING, href) ||
                   !does(reading, NUMBER_OUTSIDE_FAILS, href);
        return true;
    }
    return !does(reading, NUMBER_OUTSIDE_DROPPED, href) &&
           !does(reading, NUMBER_OUTSIDE_FAILS, href);
}

/* Whether any propstat has a status, and one a success. */
static void look_at_propstats(const struct davit_ms_response *response, bool *has_status,
                              bool *has_success)
{
    *has_status = *has_success = false;
    for (size_t i = 0; i < response->propstat_count; i++) {
        *has_status |= response->propstats[i].status != 0;
        *has_success |= http_is_success(response->propstats[i].status);
    }
}

/* Finder: whether any propstat has a collection in it. */
static bool has_any_collection(const struct davit_ms_response *response)
{
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        for (size_t k = 0; k < propstat->prop_count; k++) {
            if (fact_is_collection(&propstat->props[k]))
                return true;
        }
    }
    return false;
}

/* A response without propstat. */
static void read_status_only(struct reading *reading, const struct davit_ms_response *response,
                             struct str href)
{
    if (does(reading, NUMBER_STATUS_IS_FILE, href)) {
        add_entry(reading, ENTRY_PHANTOM, href, STR_NONE);
        (void)(response->status == 0 && does(reading, NUMBER_NO_STATUS_IS_FINE, href));
        return;
    }
    if (does(reading, NUMBER_NEEDS_PROPSTAT, href))
        return;
    (void)does(reading, NUMBER_STATUS_IGNORED, href); /* it is left out in any case */
}

static void read_etag(struct reading *reading, const struct davit_ms_response *response,
                      struct str href)
{
    const struct davit_ms_element *prop = fact_prop(response, STR("getetag"));
    struct etag etag;
    struct str rest = prop ? str_of_text(prop->text) : STR_NONE;
    if (prop && (!etag_take(&rest, &etag) || rest.len))
        (void)does(reading, NUMBER_ETAG, href); /* only to be told */
}

static void read_propstats(struct reading *reading, const struct davit_ms_response *response,
                           struct str href)
{
    const struct davit_ms_element *length = fact_prop(response, STR("getcontentlength"));
    bool is_folder = fact_kind_of(response) == FACT_COLLECTION;
    bool is_phantom = false;
    bool has_status, has_success;
    look_at_propstats(response, &has_status, &has_success);
    if (!has_status) {
        if (does(reading, NUMBER_NO_STATUS_FAILS, href))
            return;
        is_phantom = does(reading, NUMBER_NO_STATUS_IS_FINE, href);
    } else if (!has_success) {
        if (!(reading->client->habits & (HABIT_ANY_PROPSTAT | HABIT_STATUS_IS_FILE))) {
            (void)does(reading, NUMBER_STATUS_IGNORED, href); /* it is left out in any case */
            return;
        }
        is_phantom = true;
        if (!does(reading, NUMBER_ANY_PROPSTAT, href))
            (void)does(reading, NUMBER_STATUS_IS_FILE, href); /* one of the two it is */
    }
    if (!is_folder && has_any_collection(response))
        is_folder = does(reading, NUMBER_ANY_PROPSTAT, href);
    if (!is_folder && !fact_prop(response, STR("getlastmodified")) &&
        does(reading, NUMBER_NEEDS_DATE, href))
        return;
    read_etag(reading, response, href);
    enum entry_kind kind = is_phantom ? ENTRY_PHANTOM : is_folder ? ENTRY_FOLDER : ENTRY_FILE;
    add_entry(reading, kind, href, length && !is_folder ? str_of_text(length->text) : STR_NONE);
}

void reading_response(struct reading *reading, const struct davit_ms_response *response)
{
    if (response->href_count == 0)
        return; /* nobody shows what has no name */
    struct str href = str_of_text(response->hrefs[0].uri);
    if (takes_href(reading, href)) {
        if (response->propstat_count)
            read_propstats(reading, response, href);
        else
            read_status_only(reading, response, href);
    }
    for (size_t i = 1; i < response->href_count; i++) {
        struct str other = str_of_text(response->hrefs[i].uri);
        if (does(reading, NUMBER_EACH_HREF, other))
            add_entry(reading, ENTRY_PHANTOM, other, STR_NONE);
    }
    struct str location = str_of_text(response->location);
    if (location.len && does(reading, NUMBER_LOCATION, location))
        add_entry(reading, ENTRY_PHANTOM, location, STR_NONE);
}

/* --- the whole --- */

static bool is_xml_type(struct str content_type)
{
    struct str type = str_trim(str_cut(&content_type, ';'));
    return str_eq_nocase(type, STR("text/xml")) || str_eq_nocase(type, STR("application/xml"));
}

void reading_end(struct reading *reading, const struct davit_ms_reader *reader, enum davit_ms_rc rc,
                 uint64_t bytes)
{
    const struct lint_exchange *exchange = reading->exchange;
    struct str ns = str_of_text(davit_ms_reader_head(reader)->ns);
    reading->is_cut_off = rc != DAVIT_MS_END;
    if (bytes > LARGE_BYTES)
        (void)does(reading, NUMBER_LARGE_IS_EMPTY, STR_NONE); /* what it does is noted */
    if (exchange->has_head && !is_xml_type(exchange->content_type))
        (void)does(reading, NUMBER_MEDIA_TYPE, exchange->content_type); /* likewise */
    if (exchange->status && exchange->status != HTTP_MULTI_STATUS)
        (void)does(reading, NUMBER_NEEDS_207, STR_NONE); /* likewise */
    if (reading->has_scope && !reading->has_target)
        (void)does(reading, NUMBER_NEEDS_TARGET, exchange->target); /* likewise */
    if (ns.len && !str_eq(ns, STR("DAV:")) && !does(reading, NUMBER_ANY_NAMESPACE, ns))
        reading->has_nothing = true;
}

static size_t count_kind(const struct reading *reading, enum entry_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < reading->entry_count; i++)
        count += reading->entries[i].kind == kind;
    return count;
}

static void add_count(struct buf *to, size_t count, const char *one, const char *many)
{
    if (count)
        buf_addf(to, ", %zu %s", count, count == 1 ? one : many);
}

/* "3 entries, 1 folder, 1 file, 1 phantom file": what one would see. */
static void add_verdict(const struct reading *reading, struct buf *to)
{
    if (reading->has_failed) {
        BUF_ADD(to, "gives up with an error");
        return;
    }
    if (reading->has_nothing) {
        BUF_ADD(to, "shows nothing");
        return;
    }
    buf_addf(to, "%zu %s", reading->entry_count, reading->entry_count == 1 ? "entry" : "entries");
    add_count(to, count_kind(reading, ENTRY_FOLDER), "folder", "folders");
    add_count(to, count_kind(reading, ENTRY_FILE), "file", "files");
    add_count(to, count_kind(reading, ENTRY_PHANTOM), "of them a phantom file",
              "of them phantom files");
    if (reading->is_cut_off)
        BUF_ADD(to, ", and more that were cut off");
}

static const char *const kind_names[] = {"file", "folder", "phantom"};

static bool shows_entries(const struct reading *reading)
{
    return !reading->has_failed && !reading->has_nothing;
}

void reading_add_text(const struct reading *reading, struct buf *to)
{
    buf_addf(to, "%s: ", reading->client->what);
    add_verdict(reading, to);
    buf_add_char(to, '\n');
    for (size_t i = 0; shows_entries(reading) && i < reading->entry_count; i++) {
        const struct entry *entry = &reading->entries[i];
        buf_addf(to, "  %-8s ", kind_names[entry->kind]);
        utf8_add_printable(to, entry->href);
        if (entry->size.len) {
            BUF_ADD(to, "  ");
            utf8_add_printable(to, entry->size);
            BUF_ADD(to, " bytes");
        }
        buf_add_char(to, '\n');
    }
    for (size_t i = 0; i < HABIT_COUNT; i++) {
        const struct difference *difference = &reading->differences[i];
        if (!difference->count)
            continue;
        buf_addf(to, "It %s", habits[i].text);
        size_t shown = size_min(difference->count, SHOWN_EXAMPLES_MAX);
        for (size_t k = 0; k < shown && difference->hrefs[k].len; k++) {
            buf_add(to, k ? STR(", ") : STR(": "));
            utf8_add_printable(to, difference->hrefs[k]);
        }
        if (difference->count > shown)
            buf_addf(to, " and %zu more", difference->count - shown);
        buf_add_char(to, '\n');
    }
}

static void add_json_entries(const struct reading *reading, struct buf *to)
{
    json_add_name(to, STR("entries"));
    buf_add_char(to, '[');
    for (size_t i = 0; shows_entries(reading) && i < reading->entry_count; i++) {
        const struct entry *entry = &reading->entries[i];
        json_add_comma(to);
        buf_add_char(to, '{');
        json_add_member(to, STR("kind"), str_of_c(kind_names[entry->kind]));
        json_add_member(to, STR("href"), entry->href);
        if (entry->size.len)
            json_add_member(to, STR("size"), entry->size);
        buf_add_char(to, '}');
    }
    buf_add_char(to, ']');
}

void reading_add_json(const struct reading *reading, struct buf *to)
{
    struct buf verdict = {0};
    add_verdict(reading, &verdict);
    buf_add_char(to, '{');
    json_add_member(to, STR("client"), str_of_c(reading->client->name));
    json_add_member(to, STR("what"), str_of_c(reading->client->what));
    json_add_member(to, STR("verdict"), buf_str(&verdict));
    add_json_entries(reading, to);
    json_add_name(to, STR("differences"));
    buf_add_char(to, '[');
    for (size_t i = 0; i < HABIT_COUNT; i++) {
        const struct difference *difference = &reading->differences[i];
        if (!difference->count)
            continue;
        json_add_comma(to);
        buf_add_char(to, '{');
        json_add_member(to, STR("text"), str_of_c(habits[i].text));
        json_add_number(to, STR("count"), difference->count);
        json_add_name(to, STR("hrefs"));
        buf_add_char(to, '[');
        for (size_t k = 0; k < size_min(difference->count, SHOWN_EXAMPLES_MAX); k++) {
            json_add_comma(to);
            json_add(to, difference->hrefs[k]);
        }
        BUF_ADD(to, "]}");
    }
    BUF_ADD(to, "]}\n");
    buf_done(&verdict);
}
