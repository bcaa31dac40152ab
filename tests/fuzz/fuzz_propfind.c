/* Bodies of PROPFIND. What is taken makes sense: one question, each name once, and named as in the
 * table of live properties. Written again it is the same; and what nobody knows changes nothing
 * (RFC 4918 §17). */
#include "body.h"
#include "dav/prop/request.h"
#include "multistatus/writer.h"

static struct arena arena;

static void check_names(const struct propfind_request *request)
{
    bool wants_dead = request->kind != PROPFIND_PROPS;
    FUZZ_CHECK(request->name_count <= body_limits.xml_elements);
    FUZZ_CHECK(request->kind != PROPFIND_NAMES || request->name_count == 0);
    for (size_t i = 0; i < request->name_count; i++) {
        const struct prop_name *name = &request->names[i];
        FUZZ_CHECK(name->name.len > 0 && name->ns.len <= body_limits.xml_namespace_bytes);
        FUZZ_CHECK(name->live == dav_prop_find(name->ns, name->name));
        wants_dead |= !name->live || (name->live->flags & PROP_OVERRIDABLE);
        for (size_t j = 0; j < i; j++)
            FUZZ_CHECK(!str_eq(name->name, request->names[j].name) ||
                       !str_eq(name->ns, request->names[j].ns));
    }
    FUZZ_CHECK(request->wants_dead == wants_dead && !request->is_short);
}

static void check_same(struct str body, const struct propfind_request *request)
{
    struct limits limits = body_limits;
    struct propfind_request other;
    limits.xml_elements += 10; /* more than is ever added to a body here */
    FUZZ_CHECK(dav_is_fine(propfind_parse(body, &limits, &arena, &other)));
    FUZZ_CHECK(other.kind == request->kind && other.name_count == request->name_count);
    FUZZ_CHECK(other.wants_dead == request->wants_dead);
    for (size_t i = 0; i < request->name_count; i++) {
        FUZZ_CHECK(str_eq(other.names[i].ns, request->names[i].ns));
        FUZZ_CHECK(str_eq(other.names[i].name, request->names[i].name));
    }
}

static void add_names(struct buf *to, const struct propfind_request *request)
{
    for (size_t i = 0; i < request->name_count; i++)
        multistatus_empty_element(to, request->names[i].ns, request->names[i].name);
}

static void write_again(struct buf *to, const struct propfind_request *request)
{
    BUF_ADD(to, "<D:propfind xmlns:D=\"DAV:\">");
    if (request->kind == PROPFIND_NAMES) {
        BUF_ADD(to, "<D:propname/>");
    } else if (request->kind == PROPFIND_PROPS) {
        BUF_ADD(to, "<D:prop>");
        add_names(to, request);
        BUF_ADD(to, "</D:prop>");
    } else {
        BUF_ADD(to, "<D:include>");
        add_names(to, request);
        BUF_ADD(to, "</D:include><D:allprop/>");
    }
    BUF_ADD(to, "</D:propfind>");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct propfind_request untouched = {.name_count = 42};
    static const char unknown[] =
        "<u:x xmlns:u=\"u\"><D:prop xmlns:D=\"DAV:\"><D:y/></D:prop></u:x>";
    struct propfind_request request = untouched;
    struct buf again = {0}, longer = {0};
    struct str body = fuzz_input(data, size);
    struct dav_result result = propfind_parse(body, &body_limits, &arena, &request);
    body = fuzz_input(data, size); /* what was read must not view what is gone */
    if (body.len)
        body_check_result(body, STR("propfind"), result);
    if (dav_is_fine(result)) {
        check_names(&request);
        write_again(&again, &request);
        check_same(buf_str(&again), &request);
        if (body_insert(&longer, body, STR(unknown)))
            check_same(buf_str(&longer), &request);
    } else {
        FUZZ_CHECK(request.name_count == untouched.name_count);
    }
    buf_done(&again);
    buf_done(&longer);
    arena_done(&arena);
    return 0;
}
