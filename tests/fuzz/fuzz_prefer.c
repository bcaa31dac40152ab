/* Prefer. What is read does not depend on where it is broken into lines between two preferences,
 * nor on what stands behind it: a preference that came first stays. */
#include "fuzz.h"
#include "http/prefer.h"

static void add_line(struct http_fields *fields, struct arena *arena, struct str value)
{
    struct http_field_line line = {FIELD_PREFER, STR("Prefer"), value};
    http_fields_add(fields, arena, &line);
}

static bool is_same(const struct http_preferences *a, const struct http_preferences *b)
{
    return a->is_minimal == b->is_minimal && a->is_brief == b->is_brief &&
           a->wants_representation == b->wants_representation && a->is_noroot == b->is_noroot &&
           a->is_strict == b->is_strict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct str text = fuzz_input(data, size);
    struct http_fields one = {0}, two = {0};
    add_line(&one, &arena, text);
    struct http_preferences whole = http_preferences_read(&one);
    FUZZ_CHECK(!(whole.is_minimal && whole.wants_representation) && !whole.is_brief);

    size_t comma = http_index_unquoted(text, ',');
    add_line(&two, &arena, str_first(text, comma));
    add_line(&two, &arena, str_from(text, comma < text.len ? comma + 1 : comma));
    struct http_preferences halves = http_preferences_read(&two);
    FUZZ_CHECK(is_same(&whole, &halves));

    add_line(&one, &arena, STR("return=minimal"));
    struct http_preferences more = http_preferences_read(&one);
    FUZZ_CHECK(more.wants_representation == whole.wants_representation);
    arena_done(&arena);
    return 0;
}
