/* Sites that go on for ever: calendars in which each month leads to the next, paths that lead on
 * into themselves, sessions whose number stands in every link, queries that grow, lists in every
 * order. A crawl of them has no end, and finds nothing.
 *
 * Neither many addresses of one shape make a trap, nor pages that are alike: an archive has the
 * one, and a site of short pages the other. Two things together do:
 *
 *     grows      pages say what others of their shape (url/shape.h) have said, and are found ever
 *                deeper: `after` of them
 *     has no end an address of that shape that nobody leads to, centuries or a million pages away,
 *                is answered with the same page, which leads on to others
 *
 * The second is asked once there is a reason to, with one request; a real site says 404, and is
 * followed to its end however short its pages are.
 *
 * What a trap then leaves out depends on how its addresses differ. In words, ids or in the number
 * of their parts: each that is left the same without these was read already. In numbers and dates:
 * what is near may still have something to say (the past of a calendar), so only what was found at
 * the end of QUIET_IN_ROW pages that said nothing new is left out. What is left out has the verdict
 * not-checked, and is counted.
 *
 * Once a site was seen to have sessions there is no need to wait for `after` pages of each shape:
 * one page that says nothing new is enough to ask.
 *
 * What a page says are its words without numbers, in any order (page_likeness()). That is found out
 * for shapes with several pages only, and ever more rarely while they say something new.
 *
 * Invariants
 *  (1) memory is bounded: SHAPES_MAX shapes, each with SAID_MAX of what was said;
 *  (2) nothing is left out of a shape before a page far off was seen.
 *
 * Rejected: a bound on the length or depth of paths, or on pages of a shape: real sites have them
 * beyond any bound that would help. Leaving out all of a shape: a site whose pages all stand behind
 * index.php? has one. */
#include "check/model/traps.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "check/model/anchor_set.h"
#include "check/url/shape.h"

enum {
    COUNTERS = 1 << 16, /* a power of two */
    WATCHED_FROM = 4,   /* pages of a shape */
    SHAPES_MAX = 4096,
    SAID_MAX = 32,
    PROBES_MAX = 4, /* for a shape */
    QUIET_IN_ROW = 3,
    PAUSE_MAX = 64,
    BITS_APART_MAX = 3, /* names of months */
    WORDS_APART_MAX = 2,
    FAR_WORDS_APART_MAX = 10,
};

struct said {
    uint32_t target; /* that said it first */
    struct trap_page page;
};

struct shape {
    struct map_entry entry;
    struct said *said; /* the last so many */
    uint32_t said_count;
    uint32_t said_next;
    uint32_t quiet; /* pages that said nothing new, since the last probe */
    uint32_t new_in_row;
    uint32_t pause; /* pages that need not be looked at */
    unsigned probes;
    bool is_asked;
    uint32_t asked_by; /* a target: that the probe was made from */
    struct trap_page asked_page;
    struct shape_diff asked_diff;
    struct shape_diff diff; /* of the trap; empty: it is none */
    uint32_t trap;
};

struct traps {
    struct site *site;
    unsigned after;
    struct arena arena;
    struct map map;
    struct shape **shapes;
    uint32_t shape_count;
    uint8_t *counters;       /* of pages, by the hash of their shape */
    struct anchor_set keys;  /* of traps: what was read of them */
    struct shape_diff known; /* how traps of this run differ */
    struct buf text;
};

struct traps *traps_new(struct site *site, unsigned after)
{
    struct traps *traps = MEM_NEW(struct traps);
    traps->site = site;
    traps->after = after;
    random_bytes(traps->keys.key, sizeof(traps->keys.key));
    traps->counters = mem_new(COUNTERS, 1);
    return traps;
}

void traps_free(struct traps *traps)
{
    if (!traps)
        return;
    for (uint32_t i = 0; i < traps->shape_count; i++) {
        mem_free(traps->shapes[i]->said);
        shape_diff_done(&traps->shapes[i]->asked_diff);
        shape_diff_done(&traps->shapes[i]->diff);
    }
    mem_free(traps->shapes);
    mem_free(traps->counters);
    map_done(&traps->map);
    anchor_set_done(&traps->keys);
    shape_diff_done(&traps->known);
    buf_done(&traps->text);
    arena_done(&traps->arena);
    mem_free(traps);
}

/* --- shapes --- */

static struct shape *add_shape(struct traps *traps, struct str text)
{
    struct shape *shape = ARENA_NEW(&traps->arena, struct shape);
    traps->shapes =
        mem_resize(traps->shapes, (traps->shape_count + (size_t)1) * sizeof(*traps->shapes));
    traps->shapes[traps->shape_count++] = shape;
    map_add(&traps->map, &shape->entry, arena_str(&traps->arena, text));
    return shape;
}

/* Whether it differs from others in the way that a trap of this run does. */
static bool is_suspect(const struct traps *traps, struct str url)
{
    const struct shape_diff *known = &traps->known;
    bool in_path = known->in_words && (known->places || known->in_parts);
    return !shape_diff_is_empty(known) &&
           ((in_path && shape_is_odd(url)) || shape_has_name(known, url));
}

/* NULL: it is not, or not yet, watched. `is_page`: one more of it is to be fetched. */
static struct shape *find_shape(struct traps *traps, struct str url, bool is_page)
{
    buf_clear(&traps->text);
    shape_add(&traps->text, url);
    struct str text = buf_str(&traps->text);
    uint8_t *counter = &traps->counters[hash_bytes(text) & (COUNTERS - 1)];
    if (is_page && *counter < WATCHED_FROM)
        ++*counter;
    struct map_entry *known = map_find(&traps->map, text);
    if (known)
        return CONTAINER_OF(known, struct shape, entry);
    bool is_watched = *counter >= WATCHED_FROM || (is_page && is_suspect(traps, url));
    return is_page && is_watched && traps->shape_count < SHAPES_MAX ? add_shape(traps, text) : NULL;
}

/* --- what is left out --- */

/* Whether the pages that led to it, one after the other, said nothing new. */
static bool is_at_quiet_end(const struct site *site, uint32_t id)
{
    bool is_quiet = true;
    for (unsigned i = 0; i < QUIET_IN_ROW && is_quiet; i++) {
        id = site_at(site, id)->found_on;
        is_quiet = id != TARGET_NONE && site_at(site, id)->flags & TARGET_SAYS_NOTHING;
    }
    return is_quiet;
}

/* Whether another that differs in the same way only was read before. It counts as read now. */
static bool is_known(struct traps *traps, const struct shape *shape, struct str url)
{
    struct buf *key = &traps->text;
    buf_clear(key);
    shape_add_key(key, url, &shape->diff);
    bool is_known = anchor_set_has(&traps->keys, shape->trap, buf_str(key));
    anchor_set_add(&traps->keys, shape->trap, buf_str(key));
    return is_known;
}

bool traps_leave_out(struct traps *traps, uint32_t id)
{
    if (!traps)
        return false;
    struct target *target = site_at(traps->site, id);
    struct str url = site_url(traps->site, id);
    const struct shape *shape = find_shape(traps, url, true);
    if (!shape || shape_diff_is_empty(&shape->diff) || !is_known(traps, shape, url) ||
        (!shape->diff.in_words && !is_at_quiet_end(traps->site, id)))
        return false;
    target->flags |= TARGET_IS_TRAPPED;
    site_trap(traps->site, shape->trap)->left_out++;
    return true;
}

/* --- what is said --- */

/* It was asked often enough, and each time had an end. */
static bool is_settled(const struct shape *shape)
{
    return shape->probes == PROBES_MAX && !shape->is_asked && shape_diff_is_empty(&shape->diff);
}

bool traps_is_watched(struct traps *traps, uint32_t id)
{
    struct shape *shape = traps ? find_shape(traps, site_url(traps->site, id), false) : NULL;
    if (!shape || is_settled(shape))
        return false;
    bool is_paused = shape->pause;
    shape->pause -= is_paused;
    return !is_paused;
}

static bool is_alike(const struct trap_page *a, const struct trap_page *b, uint32_t apart_max)
{
    uint32_t apart = a->words > b->words ? a->words - b->words : b->words - a->words;
    return apart <= apart_max && __builtin_popcountll(a->likeness ^ b->likeness) <= BITS_APART_MAX;
}

/* What said the same; NULL: nothing has. */
static const struct said *find_said(const struct shape *shape, const struct trap_page *page)
{
    for (uint32_t i = 0; i < shape->said_count; i++) {
        if (is_alike(&shape->said[i].page, page, WORDS_APART_MAX))
            return &shape->said[i];
    }
    return NULL;
}

/* The more pages say something new, the more of the next are not looked at. */
static void add_said(struct shape *shape, uint32_t id, const struct trap_page *page)
{
    if (!shape->said)
        shape->said = mem_new(SAID_MAX, sizeof(*shape->said));
    shape->said[shape->said_next] = (struct said){id, *page};
    shape->said_next = (shape->said_next + 1) % SAID_MAX;
    shape->said_count += shape->said_count < SAID_MAX;
    shape->new_in_row++;
    shape->pause = u32_of_size(size_min(shape->new_in_row / 8, PAUSE_MAX));
}

/* --- whether it has an end --- */

bool traps_note(struct traps *traps, uint32_t id, const struct trap_page *page, struct buf *probe,
                uint32_t *number_out)
{
    struct site *site = traps->site;
    struct str url = site_url(site, id);
    struct shape *shape = find_shape(traps, url, false);
    const struct said *said = shape ? find_said(shape, page) : NULL;
    if (shape && !said)
        add_said(shape, id, page);
    if (!said || said->target == id)
        return false;
    struct target *target = site_at(site, id);
    target->flags |= TARGET_SAYS_NOTHING;
    shape->new_in_row = 0;
    shape->quiet += target->depth > site_at(site, said->target)->depth;
    bool is_enough = shape->quiet >= (is_suspect(traps, url) ? 1 : traps->after);
    if (!is_enough || shape->is_asked || shape->probes == PROBES_MAX)
        return false;
    shape->is_asked = true;
    shape->probes++;
    shape->quiet = 0;
    shape->asked_by = id;
    shape->asked_page = *page;
    shape_compare(&shape->asked_diff, url, site_url(site, said->target));
    shape_add_far(probe, url, &shape->asked_diff);
    for (*number_out = 0; traps->shapes[*number_out] != shape;)
        ++*number_out;
    return true;
}

static void add_trap(struct traps *traps, struct shape *shape)
{
    struct site *site = traps->site;
    struct str url = site_url(site, shape->asked_by);
    bool is_first = shape_diff_is_empty(&shape->diff);
    struct buf pattern = {0};
    shape_diff_add(&shape->diff, &shape->asked_diff);
    shape_diff_add(&traps->known, &shape->asked_diff);
    shape_add_pattern(&pattern, url, &shape->diff);
    const struct trap trap = {buf_str(&pattern), shape->asked_by, 0};
    if (is_first)
        shape->trap = site_add_trap(site, &trap);
    else
        site_set_trap_pattern(site, shape->trap, trap.pattern);
    buf_done(&pattern);
    (void)is_known(traps, shape, url); /* from now on */
    for (uint32_t i = 0; i < shape->said_count; i++)
        (void)is_known(traps, shape, site_url(site, shape->said[i].target)); /* likewise */
}

void traps_answer(struct traps *traps, uint32_t number, const struct trap_page *page)
{
    struct shape *shape = traps->shapes[number];
    if (page && is_alike(page, &shape->asked_page, FAR_WORDS_APART_MAX))
        add_trap(traps, shape);
    shape->is_asked = false;
    shape_diff_done(&shape->asked_diff);
    shape->asked_diff = (struct shape_diff){0};
}
