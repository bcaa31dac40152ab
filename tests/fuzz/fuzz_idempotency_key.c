/* Idempotency-Key. What is taken is a key of bounded length, of characters that may stand in one; and
 * written as a string it is the same key again. */
#include "extension/batch/record.h"
#include "fuzz.h"

static bool is_printable(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < ' ' || text.at[i] > '~')
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct buf field = {0};
    struct str key, again;
    if (batch_key_read(fuzz_input(data, size), &arena, &key)) {
        FUZZ_CHECK(key.len && key.len <= 255 && is_printable(key));
        buf_add_char(&field, '"');
        for (size_t i = 0; i < key.len; i++) {
            if (key.at[i] == '"' || key.at[i] == '\\')
                buf_add_char(&field, '\\');
            buf_add_char(&field, key.at[i]);
        }
        buf_add_char(&field, '"');
        FUZZ_CHECK(batch_key_read(buf_str(&field), &arena, &again) && str_eq(again, key));
    }
    buf_done(&field);
    arena_done(&arena);
    return 0;
}
