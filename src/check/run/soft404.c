/* Pages that say 200 and are none. A site that answers everything with 200 shows, for an address
 * that cannot exist, the same as for one that no longer does. So once all pages are read each of
 * their folders is asked for a name that nobody has; where that is answered with 200, pages of the
 * folder that look like the answer are noted as soft 404s.
 *
 * What they look like is compared and not what they say: searching for "not found" takes pages
 * about lost property for missing ones, and understands no other language. */
#include "check/run/soft404.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"

enum { BITS_APART_MAX = 3, WORDS_APART_MAX = 10 };

struct seen {
    uint32_t target;
    uint32_t words;
    uint64_t likeness;
};

struct folder {
    struct map_entry entry;
    struct buf url;  /* up to its last slash */
    uint32_t target; /* one of those in it */
};

struct soft404 {
    struct seen *seen;
    size_t seen_count, seen_cap, saved_count;
    struct map map;
    struct folder **folders;
    uint32_t folder_count;
    bool was_begun;
};

struct soft404 *soft404_new(void)
{
    return MEM_NEW(struct soft404);
}

void soft404_free(struct soft404 *soft404)
{
    if (!soft404)
        return;
    for (uint32_t i = 0; i < soft404->folder_count; i++) {
        buf_done(&soft404->folders[i]->url);
        mem_free(soft404->folders[i]);
    }
    mem_free(soft404->folders);
    mem_free(soft404->seen);
    map_done(&soft404->map);
    mem_free(soft404);
}

static struct seen *add_seen(struct soft404 *soft404)
{
    if (soft404->seen_count == soft404->seen_cap) {
        soft404->seen_cap = size_max(256, soft404->seen_cap * 2);
        soft404->seen = mem_resize(soft404->seen, soft404->seen_cap * sizeof(*soft404->seen));
    }
    return &soft404->seen[soft404->seen_count++];
}

void soft404_note(struct soft404 *soft404, uint32_t id, const struct page *page)
{
    struct seen *seen = add_seen(soft404);
    seen->target = id;
    seen->likeness = page_likeness(page, &seen->words);
}

void soft404_save(struct soft404 *soft404, struct buf *to)
{
    if (!soft404)
        return;
    const struct seen *since = soft404->seen + soft404->saved_count;
    size_t count = soft404->seen_count - soft404->saved_count;
    if (count)
        buf_add(to, str_of((const char *)since, count * sizeof(*since)));
    soft404->saved_count = soft404->seen_count;
}

bool soft404_load(struct soft404 *soft404, struct str bytes)
{
    if (!soft404)
        return bytes.len == 0;
    for (; bytes.len >= sizeof(struct seen); bytes = str_from(bytes, sizeof(struct seen)))
        memcpy(add_seen(soft404), bytes.at, sizeof(struct seen));
    soft404->saved_count = soft404->seen_count;
    return bytes.len == 0;
}

static struct str folder_of(struct str url)
{
    url = str_first(url, str_index(url, '?'));
    size_t slash = str_index_last(url, '/');
    return str_first(url, slash + 1);
}

static void add_folder(struct soft404 *soft404, const struct site *site, uint32_t id)
{
    struct str url = folder_of(site_url(site, id));
    if (map_find(&soft404->map, url) || site_at(site, id)->host == TARGET_NONE)
        return;
    struct folder *folder = MEM_NEW(struct folder);
    buf_add(&folder->url, url);
    folder->target = id;
    soft404->folders =
        mem_resize(soft404->folders, (soft404->folder_count + (size_t)1) * sizeof(struct folder *));
    soft404->folders[soft404->folder_count++] = folder;
    map_add(&soft404->map, &folder->entry, buf_str(&folder->url));
}

bool soft404_begin(struct soft404 *soft404, const struct site *site)
{
    if (!soft404 || soft404->was_begun)
        return false;
    soft404->was_begun = true;
    for (size_t i = 0; i < soft404->seen_count; i++)
        add_folder(soft404, site, soft404->seen[i].target);
    return soft404->folder_count > 0;
}

bool soft404_probe(const struct soft404 *soft404, uint32_t number, struct soft404_probe *probe)
{
    if (number >= soft404->folder_count)
        return false;
    const struct folder *folder = soft404->folders[number];
    probe->target = folder->target;
    buf_clear(&probe->url);
    buf_add(&probe->url, buf_str(&folder->url));
    BUF_ADD(&probe->url, "davit-");
    buf_add_hex(&probe->url, random_u64(), 16);
    return true;
}

static bool is_alike(const struct seen *seen, uint64_t likeness, uint32_t words)
{
    uint32_t apart = seen->words > words ? seen->words - words : words - seen->words;
    return apart <= WORDS_APART_MAX &&
           __builtin_popcountll(seen->likeness ^ likeness) <= BITS_APART_MAX;
}

void soft404_answer(struct soft404 *soft404, struct site *site, uint32_t number,
                    const struct page *page)
{
    struct str folder = buf_str(&soft404->folders[number]->url);
    uint32_t words;
    if (!page)
        return;
    uint64_t likeness = page_likeness(page, &words);
    for (size_t i = 0; i < soft404->seen_count; i++) {
        const struct seen *seen = &soft404->seen[i];
        struct target *target = site_at(site, seen->target);
        if (target->verdict == VERDICT_OK && is_alike(seen, likeness, words) &&
            str_eq(folder_of(site_url(site, seen->target)), folder))
            target->verdict = VERDICT_SOFT_404;
    }
}
