/* robots.txt: the first line is a path, the rest the file. A rule that allows everything, put
 * behind, never closes what was open. */
#include "check/read/robots.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = fuzz_input(data, size);
    struct str path = str_cut(&rest, '\n');
    struct arena arena = {0};
    struct robots robots = robots_parse(&arena, rest, STR("davit"));
    bool is_allowed = robots_allows(&robots, path);
    FUZZ_CHECK(robots.delay_s >= 0 && robots.delay_s <= 3600);
    FUZZ_CHECK(robots_allows(&robots, STR("/robots.txt")));
    if (robots.rule_count == 0)
        FUZZ_CHECK(is_allowed);
    for (size_t i = 0; i < robots.rule_count; i++)
        FUZZ_CHECK(robots.rules[i].pattern.len > 0);
    FUZZ_CHECK(robots_allows(&robots, path) == is_allowed);
    arena_done(&arena);
    return 0;
}
