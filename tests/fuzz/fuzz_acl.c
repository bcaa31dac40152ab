/* Bodies of an ACL (RFC 3744 §8.1). What is taken keeps to what acl-restrictions says, and as it is
 * kept it is read again as the same. */
#include "body.h"
#include "extension/acl/parse.h"

static struct arena arena;

static void check_kept(const struct acl_request *request)
{
    struct buf text = {0};
    struct ace taken;
    bool has_grant = false;
    for (size_t i = 0; i < request->count; i++) {
        struct ace ace = request->entries[i].ace;
        FUZZ_CHECK(ace.rights && !(ace.is_deny && has_grant));
        FUZZ_CHECK((ace.who == ACE_USER) == (request->entries[i].href.len != 0));
        has_grant |= !ace.is_deny;
        ace.name = ace.who == ACE_USER ? acl_name(&arena, request->entries[i].href) : STR_NONE;
        acl_add(&text, &ace);
    }
    struct str rest = buf_str(&text);
    for (size_t i = 0; i < request->count; i++) {
        FUZZ_CHECK(acl_take(&rest, &taken));
        FUZZ_CHECK(taken.rights == request->entries[i].ace.rights &&
                   taken.who == request->entries[i].ace.who);
    }
    FUZZ_CHECK(rest.len == 0);
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct acl_request request = {.count = 42};
    struct dav_result result = acl_parse(fuzz_input(data, size), &body_limits, &arena, &request);
    FUZZ_CHECK(dav_is_fine(result) || request.count == 42);
    if (dav_is_fine(result))
        check_kept(&request);
    arena_done(&arena);
    return 0;
}
