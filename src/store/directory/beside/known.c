/* To read the hashes that are kept with a file takes three system calls, and those that nobody has
 * kept are computed from its content. So what was asked for is remembered by the path and the
 * version of the file: nothing has to be forgotten when that changes, since nobody asks for the old
 * version again. What is known to be nothing is remembered as well.
 *
 * A path has one slot, and who comes later has it: a table that knows who was asked for last would
 * pay for each question, to keep a few more of what can be had again. Two paths that share a hash
 * would have to share the version of their files, too, to be taken for each other. */
#include "store/directory/beside/known.h"

#include <pthread.h>

#include "base/map.h"
#include "base/mem.h"

/* All hashes of one content, one behind the other. */
enum {
    PACKED_BYTES = 0
#define CONTENT_HASH(name, bytes, oc, digest, content_digest) +(bytes)
#include "stream/content_hash.def"
#undef CONTENT_HASH
};

struct slot {
    uint64_t path; /* its hash, keyed */
    uint64_t version;
    bool is_used;
    bool has[CONTENT_HASH_COUNT];
    unsigned char bytes[PACKED_BYTES];
};

struct known {
    pthread_mutex_t mutex; /* guards what the slots hold */
    struct slot *slots;    /* NULL: nothing was noted yet */
    size_t count;
};

struct known *known_new(size_t count_max)
{
    struct known *known = MEM_NEW(struct known);
    pthread_mutex_init(&known->mutex, NULL);
    known->count = size_max(count_max, 1);
    return known;
}

void known_free(struct known *known)
{
    if (!known)
        return;
    pthread_mutex_destroy(&known->mutex);
    mem_free(known->slots);
    mem_free(known);
}

static void unpack(const struct slot *slot, struct content_hashes *hashes_out)
{
    const unsigned char *at = slot->bytes;
    *hashes_out = (struct content_hashes){0};
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        size_t len = content_hash_bytes((enum content_hash)kind);
        if (slot->has[kind]) {
            memcpy(hashes_out->of[kind].bytes, at, len);
            hashes_out->of[kind].len = len;
        }
        at += len;
    }
}

static void pack(struct slot *slot, const struct content_hashes *hashes)
{
    unsigned char *at = slot->bytes;
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        size_t len = content_hash_bytes((enum content_hash)kind);
        slot->has[kind] = hashes->of[kind].len != 0;
        memcpy(at, hashes->of[kind].bytes, len);
        at += len;
    }
}

bool known_find(struct known *known, struct res_path path, uint64_t version,
                struct content_hashes *hashes_out)
{
    uint64_t hash = hash_bytes(path_str(path));
    bool is_known = false;
    pthread_mutex_lock(&known->mutex);
    if (known->slots) {
        const struct slot *slot = &known->slots[hash % known->count];
        is_known = slot->is_used && slot->path == hash && slot->version == version;
        if (is_known)
            unpack(slot, hashes_out);
    }
    pthread_mutex_unlock(&known->mutex);
    return is_known;
}

void known_note(struct known *known, struct res_path path, uint64_t version,
                const struct content_hashes *hashes)
{
    uint64_t hash = hash_bytes(path_str(path));
    pthread_mutex_lock(&known->mutex);
    if (!known->slots)
        known->slots = mem_new(known->count, sizeof(*known->slots));
    struct slot *slot = &known->slots[hash % known->count];
    slot->is_used = true;
    slot->path = hash;
    slot->version = version;
    pack(slot, hashes);
    pthread_mutex_unlock(&known->mutex);
}
