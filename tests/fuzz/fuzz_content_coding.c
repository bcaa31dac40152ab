/* Accept-Encoding. What is chosen is named, or anything is taken; said again alone, it is chosen
 * again; forbidden behind all else, it is not. */
#include "fuzz.h"
#include "http/content_coding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str field = fuzz_input(data, size);
    enum compression chosen;
    enum compression again;
    struct buf text = {0};
    if (!content_coding_choose(field, &chosen))
        return 0;
    struct str name = content_coding_name(chosen);
    FUZZ_CHECK(field.len >= 1);
    FUZZ_CHECK(content_coding_choose(name, &again) && again == chosen);
    buf_add(&text, field);
    buf_addf(&text, ",%.*s;q=0", STR_ARGS(name));
    FUZZ_CHECK(!content_coding_choose(buf_str(&text), &again) || again != chosen);
    buf_done(&text);
    return 0;
}
