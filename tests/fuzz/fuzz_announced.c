/* What fields announce of content. The input is field lines. What is read has a length that its
 * kind has; written as OC-Checksum it is read as the same. What is wished can be granted. */
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
    struct http_fields fields = {0};
    struct content_hashes again;
    struct buf line = {0};
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        size_t len = hashes->of[kind].len;
        FUZZ_CHECK(len == 0 || len == content_hash_bytes((enum content_hash)kind));
    }
    content_hashes_print(&line, hashes);
    http_fields_set(&fields, arena, FIELD_OC_CHECKSUM, buf_str(&line));
    FUZZ_CHECK(announced_read(&fields, ANNOUNCED_OF_EITHER, arena, &again) == ANNOUNCED_HASHES);
    FUZZ_CHECK(memcmp(hashes, &again, sizeof(again)) == 0);
    buf_done(&line);
}

/* What is granted is one that can be told, and said of content it is read again. */
static void check_wish(const struct http_fields *wishes, enum http_field id, struct arena *arena)
{
    struct http_fields fields = {0};
    struct content_hashes hashes = {0};
    struct content_hashes again;
    struct buf line = {0};
    enum content_hash kind = announced_wish(wishes, id);
    if (kind == CONTENT_HASH_COUNT)
        return;
    hashes.of[kind].len = content_hash_bytes(kind);
    announced_print_digest(&line, &hashes, kind);
    http_fields_set(&fields, arena, FIELD_REPR_DIGEST, buf_str(&line));
    FUZZ_CHECK(announced_read(&fields, ANNOUNCED_OF_EITHER, arena, &again) == ANNOUNCED_HASHES);
    FUZZ_CHECK(memcmp(&hashes, &again, sizeof(again)) == 0);
    buf_done(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct http_fields fields = {0};
    struct content_hashes hashes;
    add_lines(&fields, &arena, fuzz_input(data, size));
    if (announced_read(&fields, ANNOUNCED_OF_EITHER, &arena, &hashes) == ANNOUNCED_HASHES)
        check_again(&hashes, &arena);
    check_wish(&fields, FIELD_WANT_REPR_DIGEST, &arena);
    check_wish(&fields, FIELD_WANT_CONTENT_DIGEST, &arena);
    arena_done(&arena);
    return 0;
}
