/* Scripts and JSON: the first byte says of what kind. Whole, and split anywhere, they have the same
 * links; and what a comment or a line end stands in front of has them, too. */
#include "check/read/script/script_links.h"
#include "finds.h"
#include "fuzz.h"

static struct finds read_script(enum script_kind kind, struct str script,
                                struct fuzz_random *random)
{
    struct finds *finds = &(struct finds){0};
    *finds = finds_new();
    struct script_links *links =
        script_links_new(&finds->finder, kind, (struct html_position){1, 1});
    while (script.len) {
        size_t step = random ? 1 + fuzz_below(random, 7) : script.len;
        script_links_feed(links, str_first(script, step));
        script = str_from(script, step);
    }
    script_links_free(links);
    return *finds;
}

/* In the line before it, so that only numbers of lines differ. */
static void check_behind(enum script_kind kind, struct str script, const struct finds *alone)
{
    struct buf longer = {0};
    buf_add(&longer, kind == SCRIPT_JSON_LD ? STR(" \n") : STR("/* ' */\n"));
    buf_add(&longer, script);
    struct finds finds = read_script(kind, buf_str(&longer), NULL);
    FUZZ_CHECK(finds.lines.len >= alone->lines.len);
    buf_done(&finds.lines);
    buf_done(&longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum script_kind kinds[] = {SCRIPT_MODULE, SCRIPT_CLASSIC, SCRIPT_JSON_LD,
                                             SCRIPT_IMPORT_MAP, SCRIPT_MANIFEST};
    struct str input = fuzz_input(data, size);
    if (input.len == 0)
        return 0;
    enum script_kind kind = kinds[(unsigned char)input.at[0] % ARRAY_LEN(kinds)];
    struct str script = str_from(input, 1);
    struct fuzz_random random = fuzz_random_of(script);
    struct finds whole = read_script(kind, script, NULL);
    struct finds split = read_script(kind, script, &random);
    FUZZ_CHECK(str_eq(buf_str(&whole.lines), buf_str(&split.lines)));
    if (kind == SCRIPT_MODULE || kind == SCRIPT_JSON_LD)
        check_behind(kind, script, &whole);
    buf_done(&whole.lines);
    buf_done(&split.lines);
    return 0;
}
