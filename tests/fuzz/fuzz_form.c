/* Forms of pages, and queries. What is found under a name is found again when it is written with
 * every byte encoded, whatever stands around it that has another name; a second of the name hides
 * both. */
#include "fuzz.h"
#include "http/form.h"

static void add_encoded(struct buf *to, struct str value)
{
    for (size_t i = 0; i < value.len; i++)
        buf_addf(to, "%%%02x", (unsigned char)value.at[i]);
}

static void check_again(struct str value, struct arena *arena)
{
    struct buf form = {0};
    struct str again;
    BUF_ADD(&form, "before=&aa=&");
    add_encoded(&form, STR("a"));
    BUF_ADD(&form, "=");
    add_encoded(&form, value);
    BUF_ADD(&form, "&b");
    FUZZ_CHECK(form_find(buf_str(&form), STR("a"), arena, &again) && str_eq(again, value));
    BUF_ADD(&form, "&a");
    FUZZ_CHECK(!form_find(buf_str(&form), STR("a"), arena, &again));
    buf_done(&form);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct str value;
    if (form_find(fuzz_input(data, size), STR("a"), &arena, &value)) {
        FUZZ_CHECK(value.len <= size);
        check_again(value, &arena);
    }
    arena_done(&arena);
    return 0;
}
