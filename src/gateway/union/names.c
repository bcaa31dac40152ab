#include "gateway/union/names.h"

#include "access/secret.h"
#include "base/mem.h"

enum { ROOM_MIN = 1024 };

typedef unsigned char hash[16];

void names_done(struct names *names)
{
    mem_free(names->at);
    *names = (struct names){0};
}

static size_t next_room(const struct names *names)
{
    if (names->room && names->count < names->room / 2)
        return names->room;
    return names->room ? names->room * 2 : ROOM_MIN;
}

size_t names_growth(const struct names *names)
{
    return (next_room(names) - names->room) * sizeof(hash);
}

/* Where it is, or would be. */
static hash *place_of(const struct names *names, const unsigned char *wanted)
{
    static const hash none;
    size_t at;
    memcpy(&at, wanted, sizeof(at));
    while (at &= names->room - 1, memcmp(names->at[at], none, sizeof(none)) != 0 &&
                                      memcmp(names->at[at], wanted, sizeof(hash)) != 0)
        at++;
    return &names->at[at];
}

static void grow(struct names *names)
{
    static const hash none;
    struct names bigger = {.room = next_room(names), .count = names->count};
    if (bigger.room == names->room)
        return;
    bigger.at = mem_new(bigger.room, sizeof(hash));
    for (size_t i = 0; i < names->room; i++) {
        if (memcmp(names->at[i], none, sizeof(none)) != 0)
            memcpy(place_of(&bigger, names->at[i]), names->at[i], sizeof(hash));
    }
    mem_free(names->at);
    *names = bigger;
}

/* Nobody can make a name that hides another one: the hash is SHA-256, cut off. */
bool names_add(struct names *names, struct str name)
{
    struct sha256 full = secret_sha256(name);
    full.bytes[sizeof(hash) - 1] |= 1; /* none is all zeroes */
    grow(names);
    hash *place = place_of(names, full.bytes);
    if (memcmp(place, full.bytes, sizeof(hash)) == 0)
        return false;
    memcpy(place, full.bytes, sizeof(hash));
    names->count++;
    return true;
}
