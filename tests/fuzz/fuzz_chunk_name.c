/* The name of a chunk, and behind a line's end what else is said of it. Whoever knows what comes next
 * knows a later key. */
#include "fuzz.h"
#include "sync/chunk/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = fuzz_input(data, size);
    struct chunk_said said = {.size_bytes = UINT64_MAX};
    struct chunk_place place;
    said.name = str_cut(&rest, '\n');
    said.offset = str_cut(&rest, '\n');
    (void)!str_parse_u64(rest, &said.size_bytes); /* then it is not known */
    if (!chunk_place(&said, &place))
        return 0;
    FUZZ_CHECK(place.key < UINT64_MAX && place.next > place.key);
    FUZZ_CHECK(!place.is_first || place.key <= 1);
    FUZZ_CHECK(said.name.len && char_is_digit(said.name.at[0]));
    return 0;
}
