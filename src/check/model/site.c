/* A run's memory. A site of a million pages has ten million links; what is kept of each decides
 * whether it fits.
 *
 * Targets are 64 bytes each in blocks that never move, found by an open table of their numbers; the
 * text of a URL stands once, in an arena.
 *
 * Places are never looked up while links are checked: they are a log (place_log.c), written once
 * and read at the end, in memory up to a bound and in a file beyond it.
 *
 * Invariants
 *  (1) a target's number is its position; numbers are never given up;
 *  (2) `slots` has a power of two of entries and is at most half full;
 *  (3) a verdict is only read of a target that is DONE.
 *
 * Rejected: a table of fragments that are asked for, filled while pages come in. A link's fragment
 * is part of its place, and all names are known when the places are read. */
#include "check/model/site.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "check/model/anchor_set.h"
#include "check/model/place_log.h"

enum { BLOCK_TARGETS = 4096, SLOTS_MIN = 1024, MEMBERS_STEP = 256 };

struct site {
    struct arena arena;
    struct target **blocks;
    uint32_t target_count;
    uint32_t *slots; /* numbers of targets plus one; 0: free */
    size_t slot_count;
    struct buf notes;

    struct anchor_set names;
    struct buf new_names; /* their hashes, where they are noted */
    bool notes_names;

    struct member *members;
    uint32_t member_count;
    struct trap *traps;
    uint32_t trap_count;
    struct place_log *places;
    struct map faults;             /* struct fault, by name */
    struct map redirect_fragments; /* struct redirect_fragment, by the number of the redirect */
};

struct redirect_fragment {
    struct map_entry entry;
    uint32_t id;
    bool is_there;
    struct fragment fragment;
};

struct fault {
    struct map_entry entry;
    struct past past;
};

struct site *site_new(const char *spill_dir)
{
    struct site *site = MEM_NEW(struct site);
    site->places = place_log_new(spill_dir);
    site->slot_count = SLOTS_MIN;
    site->slots = mem_new(site->slot_count, sizeof(*site->slots));
    buf_add_char(&site->notes, '\0'); /* note 0 is none */
    random_bytes(site->names.key, sizeof(site->names.key));
    return site;
}

void site_free(struct site *site)
{
    if (!site)
        return;
    for (uint32_t i = 0; i < site->target_count; i += BLOCK_TARGETS)
        mem_free(site->blocks[i / BLOCK_TARGETS]);
    mem_free(site->blocks);
    mem_free(site->slots);
    anchor_set_done(&site->names);
    buf_done(&site->new_names);
    mem_free(site->members);
    mem_free(site->traps);
    buf_done(&site->notes);
    place_log_free(site->places);
    map_done(&site->faults);
    map_done(&site->redirect_fragments);
    arena_done(&site->arena);
    mem_free(site);
}

/* --- targets --- */

struct target *site_at(const struct site *site, uint32_t id)
{
    assert(id < site->target_count);
    return &site->blocks[id / BLOCK_TARGETS][id % BLOCK_TARGETS];
}

uint32_t site_target_count(const struct site *site)
{
    return site->target_count;
}

struct str site_url(const struct site *site, uint32_t id)
{
    const struct target *target = site_at(site, id);
    return str_of(target->url, target->url_len);
}

/* The slot of that URL, or the free one where it belongs. */
static uint32_t *slot_of(const struct site *site, struct str url)
{
    size_t at = (size_t)hash_bytes(url) & (site->slot_count - 1);
    while (site->slots[at] && !str_eq(site_url(site, site->slots[at] - 1), url))
        at = (at + 1) & (site->slot_count - 1);
    return &site->slots[at];
}

static void grow_slots(struct site *site)
{
    mem_free(site->slots);
    site->slot_count *= 2;
    site->slots = mem_new(site->slot_count, sizeof(*site->slots));
    for (uint32_t i = 0; i < site->target_count; i++)
        *slot_of(site, site_url(site, i)) = i + 1;
}

uint32_t site_find(const struct site *site, struct str url)
{
    uint32_t slot = *slot_of(site, url);
    return slot ? slot - 1 : TARGET_NONE;
}

uint32_t site_target(struct site *site, struct str url, bool *is_new_out)
{
    uint32_t *slot = slot_of(site, url);
    *is_new_out = *slot == 0;
    if (*slot)
        return *slot - 1;
    uint32_t id = site->target_count++, block = id / BLOCK_TARGETS;
    assert(id < TARGET_NONE);
    if (id % BLOCK_TARGETS == 0) {
        site->blocks = mem_resize(site->blocks, (block + 1) * sizeof(*site->blocks));
        site->blocks[block] = mem_new(BLOCK_TARGETS, sizeof(**site->blocks));
    }
    *site_at(site, id) = (struct target){
        .url = arena_text(&site->arena, url),
        .url_len = u32_of_size(url.len),
        .host = TARGET_NONE,
        .next = TARGET_NONE,
        .redirect_to = TARGET_NONE,
        .found_on = TARGET_NONE,
        .verdict = VERDICT_NOT_CHECKED,
    };
    *slot = id + 1;
    if ((size_t)site->target_count * 2 > site->slot_count)
        grow_slots(site);
    return id;
}

static struct str key_of(const uint32_t *id)
{
    return str_of((const char *)id, sizeof(*id));
}

static struct redirect_fragment *redirect_fragment_of(const struct site *site, uint32_t id)
{
    struct map_entry *known = map_find(&site->redirect_fragments, key_of(&id));
    return known ? CONTAINER_OF(known, struct redirect_fragment, entry) : NULL;
}

void site_set_redirect_fragment(struct site *site, uint32_t id, const struct fragment *fragment)
{
    struct redirect_fragment *redirect = redirect_fragment_of(site, id);
    if (redirect)
        redirect->is_there = fragment != NULL;
    if (!fragment)
        return;
    if (!redirect) {
        redirect = ARENA_NEW(&site->arena, struct redirect_fragment);
        *redirect = (struct redirect_fragment){.id = id, .is_there = true};
        map_add(&site->redirect_fragments, &redirect->entry, key_of(&redirect->id));
    }
    redirect->fragment.raw = arena_str(&site->arena, fragment->raw);
    redirect->fragment.decoded = arena_str(&site->arena, fragment->decoded);
}

const struct fragment *site_redirect_fragment(const struct site *site, uint32_t id)
{
    const struct redirect_fragment *redirect = redirect_fragment_of(site, id);
    return redirect && redirect->is_there ? &redirect->fragment : NULL;
}

/* A ring has no end: any bound will do for it. */
struct fragment site_fragment_of(const struct site *site, const struct place *place)
{
    struct fragment fragment = {place->raw, place->fragment};
    uint32_t id = site->redirect_fragments.count ? place->target : TARGET_NONE;
    for (unsigned hops = 0; hops < UINT8_MAX && id != TARGET_NONE; hops++) {
        const struct redirect_fragment *redirect = redirect_fragment_of(site, id);
        if (redirect && redirect->is_there)
            fragment = redirect->fragment;
        id = site_at(site, id)->redirect_to;
    }
    return fragment;
}

void site_set_note(struct site *site, uint32_t id, struct str note)
{
    if (note.len == 0 || site->notes.len + note.len >= UINT32_MAX)
        return;
    site_at(site, id)->note = u32_of_size(site->notes.len);
    buf_add(&site->notes, note);
    buf_add_char(&site->notes, '\0');
}

const char *site_note(const struct site *site, uint32_t id)
{
    return site->notes.at + site_at(site, id)->note;
}

/* --- places --- */

bool site_add_place(struct site *site, const struct place *place, struct err *err)
{
    if (place->target != TARGET_NONE) {
        struct target *target = site_at(site, place->target);
        target->place_count++;
        target->flags |= TARGET_IS_LINKED;
        if (place->fragment.len && !place->is_left)
            target->flags |= TARGET_WANTS_NAMES;
    }
    return place_log_add(site->places, place, err);
}

uint64_t site_place_count(const struct site *site)
{
    return place_log_count(site->places);
}

struct place_log *site_places(const struct site *site)
{
    return site->places;
}

bool site_visit_places(struct site *site, struct place_visitor *visitor, struct err *err)
{
    return place_log_visit(site->places, visitor, err);
}

/* --- the past --- */

struct past *site_past(struct site *site, uint32_t id)
{
    return &site_at(site, id)->past;
}

struct past *site_fault(struct site *site, struct str name, bool is_made)
{
    struct map_entry *known = map_find(&site->faults, name);
    if (known)
        return &CONTAINER_OF(known, struct fault, entry)->past;
    if (!is_made)
        return NULL;
    struct fault *fault = ARENA_NEW(&site->arena, struct fault);
    map_add(&site->faults, &fault->entry, arena_str(&site->arena, name));
    return &fault->past;
}

bool site_fault_name(const struct site *site, const struct place *place, struct buf *to)
{
    if (place->target == TARGET_NONE) {
        buf_add(to, place->raw);
        return true;
    }
    struct str fragment = site_fragment_of(site, place).decoded;
    if (fragment.len == 0)
        return false;
    buf_add(to, site_url(site, place->target));
    buf_add_char(to, '#');
    buf_add(to, fragment);
    return true;
}

const struct past *site_place_past(const struct site *site, const struct place *place,
                                   enum verdict verdict)
{
    static const struct past none;
    struct buf name = {0};
    struct map_entry *known = NULL;
    bool may_have_fault = site->faults.count &&
                          (place->target == TARGET_NONE || verdict == VERDICT_FRAGMENT_MISSING ||
                           verdict_rows[verdict].class == CLASS_FINE);
    if (may_have_fault && site_fault_name(site, place, &name))
        known = map_find(&site->faults, buf_str(&name));
    buf_done(&name);
    if (known)
        return &CONTAINER_OF(known, struct fault, entry)->past;
    bool is_of_target = place->target != TARGET_NONE && verdict != VERDICT_FRAGMENT_MISSING;
    return is_of_target ? &site_at(site, place->target)->past : &none;
}

/* --- names --- */

void site_add_name(struct site *site, uint32_t id, struct str name)
{
    uint64_t hash = anchor_set_hash(&site->names, id, name);
    anchor_set_add_hash(&site->names, hash);
    if (site->notes_names)
        buf_add(&site->new_names, str_of((const char *)&hash, sizeof(hash)));
}

const struct anchor_set *site_names(const struct site *site)
{
    return &site->names;
}

void site_note_names(struct site *site, const uint64_t key[2])
{
    assert(site->names.count == 0);
    site->notes_names = true;
    memcpy(site->names.key, key, sizeof(site->names.key));
}

struct str site_new_names(const struct site *site)
{
    return buf_str(&site->new_names);
}

void site_forget_new_names(struct site *site)
{
    buf_clear(&site->new_names);
}

void site_add_names(struct site *site, struct str hashes)
{
    uint64_t hash;
    for (size_t i = 0; i + sizeof(hash) <= hashes.len; i += sizeof(hash)) {
        memcpy(&hash, hashes.at + i, sizeof(hash));
        anchor_set_add_hash(&site->names, hash);
    }
}

/* --- members --- */

uint32_t site_add_member(struct site *site, const struct member *member)
{
    if (site->member_count % MEMBERS_STEP == 0)
        site->members = mem_resize(site->members, (site->member_count + (size_t)MEMBERS_STEP) *
                                                      sizeof(*site->members));
    struct member *copy = &site->members[site->member_count];
    *copy = *member;
    copy->href = arena_str(&site->arena, member->href);
    copy->props = arena_str(&site->arena, member->props);
    copy->condition = arena_str(&site->arena, member->condition);
    copy->description = arena_str(&site->arena, member->description);
    copy->location = arena_str(&site->arena, member->location);
    return site->member_count++;
}

const struct member *site_members(const struct site *site, uint32_t *count_out)
{
    *count_out = site->member_count;
    return site->members;
}

struct member *site_member(struct site *site, uint32_t number)
{
    assert(number < site->member_count);
    return &site->members[number];
}

/* --- traps --- */

uint32_t site_add_trap(struct site *site, const struct trap *trap)
{
    for (uint32_t i = 0; i < site->trap_count; i++) {
        if (str_eq(site->traps[i].pattern, trap->pattern))
            return i;
    }
    site->traps = mem_resize(site->traps, (site->trap_count + (size_t)1) * sizeof(*site->traps));
    site->traps[site->trap_count] = *trap;
    site->traps[site->trap_count].pattern = arena_str(&site->arena, trap->pattern);
    return site->trap_count++;
}

const struct trap *site_traps(const struct site *site, uint32_t *count_out)
{
    *count_out = site->trap_count;
    return site->traps;
}

struct trap *site_trap(struct site *site, uint32_t number)
{
    assert(number < site->trap_count);
    return &site->traps[number];
}

void site_set_trap_pattern(struct site *site, uint32_t number, struct str pattern)
{
    site_trap(site, number)->pattern = arena_str(&site->arena, pattern);
}
