/* Bodies of an extended MKCOL (RFC 5689). What it sets is what a PROPPATCH sets that has the same
 * instructions, and it removes nothing. */
#include "body.h"
#include "dav/prop/request.h"

static struct arena arena;

static void check_as_proppatch(const struct proppatch_request *request)
{
    struct limits limits = limits_default(); /* a value may need more declarations than it had */
    struct proppatch_request other;
    struct buf body = {0};
    BUF_ADD(&body, "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop>");
    for (size_t i = 0; i < request->update_count; i++)
        buf_add(&body, request->updates[i].xml);
    BUF_ADD(&body, "</D:prop></D:set></D:propertyupdate>");
    FUZZ_CHECK(dav_is_fine(proppatch_parse(buf_str(&body), &limits, &arena, &other)));
    FUZZ_CHECK(other.update_count == request->update_count);
    for (size_t i = 0; i < request->update_count; i++) {
        const struct prop_update *was = &request->updates[i], *is = &other.updates[i];
        FUZZ_CHECK(str_eq(was->name.ns, is->name.ns) && str_eq(was->name.name, is->name.name));
        FUZZ_CHECK(was->is_collection == is->is_collection && str_eq(was->text, is->text));
    }
    buf_done(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proppatch_request request = {.update_count = 42};
    struct dav_result result = mkcol_parse(fuzz_input(data, size), &body_limits, &arena, &request);
    FUZZ_CHECK(dav_is_fine(result) || request.update_count == 42);
    for (size_t i = 0; dav_is_fine(result) && i < request.update_count; i++)
        FUZZ_CHECK(!request.updates[i].is_removal && request.updates[i].xml.len);
    if (dav_is_fine(result) && request.update_count)
        check_as_proppatch(&request);
    arena_done(&arena);
    return 0;
}
