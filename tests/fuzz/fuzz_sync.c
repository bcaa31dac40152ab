/* Bodies of a sync-collection, and of filter-files. What is taken makes sense, and written again it
 * is the same; what nobody knows changes nothing (RFC 4918 §17). A token that is one of ours is
 * written as it came. */
#include "body.h"
#include "dav/prop/changes.h"
#include "dav/prop/request.h"
#include "multistatus/writer.h"
#include "xml/writer.h"

static struct arena arena;

static void check_same(struct str body, const struct sync_request *request)
{
    struct limits limits = body_limits;
    struct sync_request other;
    limits.xml_elements += 10; /* more than is ever added to a body here */
    FUZZ_CHECK(dav_is_fine(sync_parse(body, &limits, &arena, &other)));
    FUZZ_CHECK(str_eq(other.token, request->token));
    FUZZ_CHECK(other.has_level == request->has_level && other.is_deep == request->is_deep);
    FUZZ_CHECK(other.nresults == request->nresults);
    FUZZ_CHECK(other.props.name_count == request->props.name_count);
    for (size_t i = 0; i < request->props.name_count; i++) {
        FUZZ_CHECK(str_eq(other.props.names[i].ns, request->props.names[i].ns));
        FUZZ_CHECK(str_eq(other.props.names[i].name, request->props.names[i].name));
    }
}

static void write_again(struct buf *to, const struct sync_request *request)
{
    BUF_ADD(to, "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>");
    xml_add_text(to, request->token);
    BUF_ADD(to, "</D:sync-token>");
    if (request->has_level)
        buf_addf(to, "<D:sync-level>%s</D:sync-level>", request->is_deep ? "infinite" : "1");
    if (request->nresults != UINT64_MAX)
        buf_addf(to, "<D:limit><D:nresults>%llu</D:nresults></D:limit>",
                 (unsigned long long)request->nresults);
    BUF_ADD(to, "<D:prop>");
    for (size_t i = 0; i < request->props.name_count; i++)
        multistatus_empty_element(to, request->props.names[i].ns, request->props.names[i].name);
    BUF_ADD(to, "</D:prop></D:sync-collection>");
}

static const struct service service;
static const struct exchange x = {.service = &service};

static void check_token(struct str token)
{
    struct change_point point;
    struct change_point other;
    struct buf again = {0};
    if (!sync_token_parse(&x, PATH_ROOT, token, &point))
        return;
    sync_token_add(&again, &x, PATH_ROOT, point);
    FUZZ_CHECK(sync_token_parse(&x, PATH_ROOT, buf_str(&again), &other));
    FUZZ_CHECK(other.run == point.run && other.seq == point.seq);
    buf_done(&again);
}

/* The other report: what is refused leaves all as it was. */
static void check_filter(struct str body)
{
    struct propfind_request request = {.kind = PROPFIND_NAMES};
    struct dav_result result = filter_parse(body, &body_limits, &arena, &request);
    if (dav_is_fine(result))
        FUZZ_CHECK(request.kind == PROPFIND_PROPS);
    else
        FUZZ_CHECK(request.kind == PROPFIND_NAMES && request.name_count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sync_request untouched = {.nresults = 42};
    static const char unknown[] =
        "<u:x xmlns:u=\"u\"><D:sync-level xmlns:D=\"DAV:\">3</D:sync-level></u:x>";
    struct sync_request request = untouched;
    struct buf again = {0}, longer = {0};
    struct str body = fuzz_input(data, size);
    struct dav_result result = sync_parse(body, &body_limits, &arena, &request);
    body = fuzz_input(data, size); /* what was read must not view what is gone */
    if (dav_is_fine(result)) {
        FUZZ_CHECK(request.nresults > 0 && request.props.kind == PROPFIND_PROPS);
        check_token(request.token);
        write_again(&again, &request);
        if (again.len < body_limits.property_name_bytes)
            check_same(buf_str(&again), &request);
        if (body_insert(&longer, body, STR(unknown)))
            check_same(buf_str(&longer), &request);
    } else {
        FUZZ_CHECK(result.status == HTTP_BAD_REQUEST || result.status == HTTP_FORBIDDEN ||
                   result.status == HTTP_CONTENT_TOO_LARGE);
        FUZZ_CHECK(request.nresults == untouched.nresults);
    }
    check_filter(body);
    buf_done(&again);
    buf_done(&longer);
    arena_done(&arena);
    return 0;
}
