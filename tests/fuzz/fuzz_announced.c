/* What fields announce of content. The input is field lines. What is read has a length that its
 * kind has; written as OC-Checksum it is read as the same. */
#include "fuzz.h"
#include "http/announced.h"

static void add_lines(struct http_fields *fields, struct arena *arena, struct str rest)
{
    while (rest.len && fields->count < 64) {
        struct str value = str_cut(&rest, '\n');
        struct str name = str_cut(&value, ':');
        const struct http_field_line line = {http_field_find(name), name, value};
        http_fields_add(fields, arena, &line);
    }
}

static void check_again(const struct content_hashes *hashes, struct arena *arena)
{
    static const char *const names[CONTENT_HASH_COUNT] = {
#define CONTENT_HASH(name, bytes, oc, digest, content_digest) [CONTENT_##name] = (oc),
#include "stream/content_hash.def"
#undef CONTENT_HASH
    };
    struct http_fields fields = {0};
    struct content_hashes again;
    struct buf line = {0};
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        size_t len = hashes->of[kind].len;
        FUZZ_CHECK(len == 0 || len == content_hash_bytes((enum content_hash)kind));
        if (len)
            buf_addf(&line, " %s:", names[kind]);
        for (size_t i = 0; i < len; i++)
            buf_add_hex(&line, hashes->of[kind].bytes[i], 2);
    }
    http_fields_set(&fields, arena, FIELD_OC_CHECKSUM, buf_str(&line));
    FUZZ_CHECK(announced_read(&fields, arena, &again) == ANNOUNCED_HASHES);
    FUZZ_CHECK(memcmp(hashes, &again, sizeof(again)) == 0);
    buf_done(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct http_fields fields = {0};
    struct content_hashes hashes;
    add_lines(&fields, &arena, fuzz_input(data, size));
    if (announced_read(&fields, &arena, &hashes) == ANNOUNCED_HASHES)
        check_again(&hashes, &arena);
    arena_done(&arena);
    return 0;
}
