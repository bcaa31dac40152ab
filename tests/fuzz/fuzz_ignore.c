/* .gitignore: the first line is a path, the rest the rules. A last rule that takes everything back
 * decides. */
#include "base/buf.h"
#include "check/local/ignore.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = fuzz_input(data, size);
    struct str path = str_cut(&rest, '\n');
    struct buf text = {0};
    struct ignore *ignore = ignore_new(rest);
    enum ignored says = ignore_says(ignore, path, true);
    if (says == IGNORED_UNSAID)
        FUZZ_CHECK(ignore_says(ignore, path, false) == IGNORED_UNSAID);
    ignore_free(ignore);
    buf_add(&text, rest);
    BUF_ADD(&text, "\n!**\n");
    ignore = ignore_new(buf_str(&text));
    FUZZ_CHECK(ignore_says(ignore, path, false) == IGNORED_NO);
    ignore_free(ignore);
    buf_done(&text);
    return 0;
}
