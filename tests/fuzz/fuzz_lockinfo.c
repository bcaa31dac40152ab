/* Bodies of LOCK. The owner is the tree that stood in the body, and stands on its own; what is
 * written from the request is read as the same, in whatever order; and what nobody knows changes
 * nothing (RFC 4918 §17). */
#include "body.h"
#include "dav/prop/request.h"

static struct arena arena;

/* Whether a tree has that child, in DAV:. */
static bool has_child(struct str tree, struct str child)
{
    unsigned depth = 0;
    while (tree.len) {
        struct str record = str_cut(&tree, '\x1e');
        bool is_start = str_starts(record, STR("start"));
        if (is_start && depth == 1 && body_log_is_of(record, STR("DAV:"), child))
            return true;
        depth += is_start;
        depth -= str_starts(record, STR("end"));
    }
    return false;
}

/* Whether one of the trees of that name has that child, both in DAV:. */
static bool holds(struct str trees, struct str name, struct str child)
{
    while (trees.len) {
        struct str tree = str_cut(&trees, BODY_END);
        if (body_log_is_of(tree, STR("DAV:"), name) && has_child(tree, child))
            return true;
    }
    return false;
}

static void check_owner(struct str trees, struct str owner_xml)
{
    struct buf log = {0};
    struct str there = STR_NONE;
    while (trees.len) {
        struct str tree = str_cut(&trees, BODY_END);
        if (!body_log_is_of(tree, STR("DAV:"), STR("owner")))
            continue;
        FUZZ_CHECK(there.len == 0); /* there is one */
        there = tree;
    }
    FUZZ_CHECK(owner_xml.len <= body_limits.lock_owner_bytes);
    FUZZ_CHECK((owner_xml.len > 0) == (there.len > 0));
    if (owner_xml.len) {
        body_log_trees(&log, owner_xml, 1);
        FUZZ_CHECK(str_eq(str_first(buf_str(&log), log.len - 1), there));
    }
    buf_done(&log);
}

static void check_same(struct str body, const struct lock_request *request)
{
    struct limits limits = limits_default(); /* an owner may need more declarations than it had */
    struct lock_request other;
    FUZZ_CHECK(dav_is_fine(lockinfo_parse(body, &limits, &arena, &other)));
    FUZZ_CHECK(other.is_exclusive == request->is_exclusive);
    FUZZ_CHECK(body_is_same_tree(other.owner_xml, request->owner_xml));
}

static void write_again(struct buf *to, const struct lock_request *request, bool owner_first)
{
    BUF_ADD(to, "<D:lockinfo xmlns:D=\"DAV:\">");
    if (owner_first)
        buf_add(to, request->owner_xml);
    BUF_ADD(to, "<D:locktype><D:write/></D:locktype><D:lockscope>");
    buf_add(to, request->is_exclusive ? STR("<D:exclusive/>") : STR("<D:shared/>"));
    BUF_ADD(to, "</D:lockscope>");
    if (!owner_first)
        buf_add(to, request->owner_xml);
    BUF_ADD(to, "</D:lockinfo>");
}

static void check_request(struct str body, const struct lock_request *request)
{
    static const char unknown[] =
        "<u:x xmlns:u=\"u\"><D:locktype xmlns:D=\"DAV:\"><D:y/></D:locktype>"
        "</u:x>";
    struct buf trees = {0}, again = {0};
    body_log_trees(&trees, body, 2);
    FUZZ_CHECK(holds(buf_str(&trees), STR("locktype"), STR("write")));
    FUZZ_CHECK(holds(buf_str(&trees), STR("lockscope"), STR("exclusive")) == request->is_exclusive);
    FUZZ_CHECK(holds(buf_str(&trees), STR("lockscope"), STR("shared")) != request->is_exclusive);
    check_owner(buf_str(&trees), request->owner_xml);
    for (int owner_first = 0; owner_first < 2; owner_first++) {
        buf_clear(&again);
        write_again(&again, request, owner_first);
        check_same(buf_str(&again), request);
    }
    buf_clear(&again);
    if (body_insert(&again, body, STR(unknown)))
        check_same(buf_str(&again), request);
    buf_done(&trees);
    buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lock_request untouched = {.owner_xml = {"untouched", 9}};
    struct lock_request request = untouched;
    struct str body = fuzz_input(data, size);
    struct dav_result result = lockinfo_parse(body, &body_limits, &arena, &request);
    body = fuzz_input(data, size); /* what was read must not view what is gone */
    body_check_result(body, STR("lockinfo"), result);
    if (dav_is_fine(result))
        check_request(body, &request);
    else
        FUZZ_CHECK(request.owner_xml.at == untouched.owner_xml.at);
    arena_done(&arena);
    return 0;
}
