/* Small languages of attributes, and plain text: each ends, and what is found is part of the input.
 */
#include "check/read/entities.h"
#include "check/read/plain_links.h"
#include "check/read/srcset.h"
#include "finds.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = fuzz_input(data, size), rest = text, found;
    struct buf decoded = {0};
    struct finds finds = finds_new();
    for (size_t left = rest.len; srcset_take(&rest, &found); left = rest.len) {
        FUZZ_CHECK(rest.len < left && found.len <= left);
        FUZZ_CHECK(found.len == 0 ||
                   (found.at >= text.at && found.at + found.len <= text.at + text.len));
    }
    rest = text;
    for (size_t left = rest.len; spaced_take(&rest, &found); left = rest.len)
        FUZZ_CHECK(found.len > 0 && rest.len < left);
    if (refresh_url(text, &found))
        FUZZ_CHECK(found.len > 0 && found.at >= text.at &&
                   found.at + found.len <= text.at + text.len);
    entities_decode(&decoded, text, true);
    FUZZ_CHECK(decoded.len <= text.len * 4);
    text_links(&finds.finder, text);
    list_links(&finds.finder, text);
    buf_done(&finds.lines);
    buf_done(&decoded);
    return 0;
}
