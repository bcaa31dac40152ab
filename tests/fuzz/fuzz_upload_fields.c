/* The fields of uploads that go on later, and of parts. The input is the value of all of them. What
 * is read is written again and read as the same. */
#include "fuzz.h"

#include "http/upload_fields.h"
#include "text/base64.h"

static void add_metadatum(struct buf *to, const char *key, struct str value)
{
    buf_addf(to, "%s%s ", to->len ? "," : "", key);
    base64_encode(to, value, BASE64);
}

static void check_metadata(struct str field, struct arena *arena)
{
    struct upload_metadata metadata;
    struct upload_metadata again;
    struct buf text = {0};
    if (!upload_metadata_read(field, arena, &metadata))
        return;
    add_metadatum(&text, "filename", metadata.name);
    add_metadatum(&text, "type", metadata.type);
    add_metadatum(&text, "mtime", metadata.modified);
    add_metadatum(&text, "checksum", metadata.checksum);
    FUZZ_CHECK(upload_metadata_read(buf_str(&text), arena, &again));
    FUZZ_CHECK(str_eq(again.name, metadata.name) && str_eq(again.type, metadata.type));
    FUZZ_CHECK(str_eq(again.modified, metadata.modified));
    FUZZ_CHECK(str_eq(again.checksum, metadata.checksum));
    buf_done(&text);
}

static void check_checksum(struct str field, struct arena *arena)
{
    struct content_hashes hashes;
    size_t count = 0;
    if (!upload_checksum_read(field, arena, &hashes))
        return;
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        size_t len = hashes.of[kind].len;
        FUZZ_CHECK(len == 0 || len == content_hash_bytes((enum content_hash)kind));
        count += len != 0;
    }
    FUZZ_CHECK(count == 1);
}

static void check_part(const struct upload_part *part)
{
    struct buf text = {0};
    struct upload_part again;
    if (part->kind != PART_RANGE)
        return;
    FUZZ_CHECK(part->first <= part->last && part->last <= INT64_MAX);
    FUZZ_CHECK(!part->has_total || part->last < part->total);
    buf_addf(&text, "bytes=%llu-%llu", (unsigned long long)part->first,
             (unsigned long long)part->last);
    FUZZ_CHECK(update_range_read(buf_str(&text), &again));
    FUZZ_CHECK(again.first == part->first && again.last == part->last);
    buf_clear(&text);
    buf_addf(&text, "bytes %llu-%llu/*", (unsigned long long)part->first,
             (unsigned long long)part->last);
    FUZZ_CHECK(content_range_read(buf_str(&text), &again));
    FUZZ_CHECK(again.first == part->first && again.last == part->last && !again.has_total);
    buf_done(&text);
}

static void check_name(struct str field, struct arena *arena)
{
    struct str name;
    if (upload_disposition_read(field, arena, &name))
        FUZZ_CHECK(name.len > 0 && name.len <= field.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct upload_part part;
    struct str field = fuzz_input(data, size);
    uint64_t bytes;
    bool is_true;
    check_metadata(field, &arena);
    check_checksum(field, &arena);
    check_name(field, &arena);
    if (update_range_read(field, &part))
        check_part(&part);
    if (content_range_read(field, &part))
        check_part(&part);
    if (upload_bytes_read(field, &bytes))
        FUZZ_CHECK(bytes <= INT64_MAX);
    FUZZ_CHECK(!upload_boolean_read(field, &is_true) || str_trim(field).len == 2);
    arena_done(&arena);
    return 0;
}
