/* Bodies of PROPPATCH. Each value is the tree that stood in the body, and stands on its own; what
 * is written from the instructions is read as the same ones, as by a client that copies properties.
 * What nobody knows changes nothing (RFC 4918 §17). */
#include "body.h"
#include "dav/prop/request.h"
#include "multistatus/writer.h"

static struct arena arena;

/* The tree in the body is the one that the instruction is about: the value, or what is removed. */
static bool is_about(const struct prop_update *update, struct str tree)
{
    struct buf text = {0}, value = {0};
    body_log_text(&text, tree);
    bool is_so = body_log_is_of(tree, update->name.ns, update->name.name) &&
                 str_eq(buf_str(&text), update->text);
    if (!update->is_removal) {
        body_log_trees(&value, update->xml, 1);
        is_so &= str_eq(str_first(buf_str(&value), value.len - 1), tree);
    }
    buf_done(&text);
    buf_done(&value);
    return is_so;
}

/* In an answer, the value is the same tree. */
static void check_pasted(const struct prop_update *update, struct str tree)
{
    struct buf log = {0}, pasted = {0};
    BUF_ADD(&pasted, "<D:multistatus xmlns:D=\"DAV:\"><D:prop>");
    buf_add(&pasted, update->xml);
    BUF_ADD(&pasted, "</D:prop></D:multistatus>");
    body_log_trees(&log, buf_str(&pasted), 3);
    FUZZ_CHECK(str_eq(str_first(buf_str(&log), log.len - 1), tree));
    buf_done(&log);
    buf_done(&pasted);
}

/* The instructions are some of the elements at the depth of properties, in their order. */
static void check_updates(struct str body, const struct proppatch_request *request)
{
    struct buf trees = {0};
    body_log_trees(&trees, body, 4);
    struct str rest = buf_str(&trees);
    FUZZ_CHECK(request->update_count > 0 && request->update_count <= body_limits.xml_elements);
    for (size_t i = 0; i < request->update_count; i++) {
        const struct prop_update *update = &request->updates[i];
        struct str tree = str_cut(&rest, BODY_END);
        FUZZ_CHECK(update->name.name.len > 0);
        FUZZ_CHECK(update->name.live == dav_prop_find(update->name.ns, update->name.name));
        while (tree.len && !is_about(update, tree))
            tree = str_cut(&rest, BODY_END);
        FUZZ_CHECK(tree.len);
        FUZZ_CHECK(update->is_removal == (update->xml.len == 0));
        if (!update->is_removal)
            check_pasted(update, tree);
    }
    buf_done(&trees);
}

static void check_same(struct str body, const struct proppatch_request *request)
{
    struct limits limits = limits_default(); /* a value may need more declarations than it had */
    struct proppatch_request other;
    FUZZ_CHECK(dav_is_fine(proppatch_parse(body, &limits, &arena, &other)));
    FUZZ_CHECK(other.update_count == request->update_count);
    for (size_t i = 0; i < request->update_count; i++) {
        const struct prop_update *was = &request->updates[i], *is = &other.updates[i];
        FUZZ_CHECK(str_eq(was->name.ns, is->name.ns) && str_eq(was->name.name, is->name.name));
        FUZZ_CHECK(was->is_removal == is->is_removal && body_is_same_tree(was->xml, is->xml));
        FUZZ_CHECK(was->is_removal || str_eq(was->text, is->text));
    }
}

static void write_again(struct buf *to, const struct proppatch_request *request)
{
    BUF_ADD(to, "<D:propertyupdate xmlns:D=\"DAV:\">");
    for (size_t i = 0; i < request->update_count; i++) {
        const struct prop_update *update = &request->updates[i];
        if (update->is_removal) {
            BUF_ADD(to, "<D:remove><D:prop>");
            multistatus_empty_element(to, update->name.ns, update->name.name);
            BUF_ADD(to, "</D:prop></D:remove>");
        } else {
            BUF_ADD(to, "<D:set><D:prop>");
            buf_add(to, update->xml);
            BUF_ADD(to, "</D:prop></D:set>");
        }
    }
    BUF_ADD(to, "</D:propertyupdate>");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct proppatch_request untouched = {.update_count = 42};
    static const char unknown[] =
        "<u:x xmlns:u=\"u\"><D:set xmlns:D=\"DAV:\"><D:prop><D:y/></D:prop>"
        "</D:set></u:x>";
    struct proppatch_request request = untouched;
    struct buf again = {0}, longer = {0};
    struct str body = fuzz_input(data, size);
    struct dav_result result = proppatch_parse(body, &body_limits, &arena, &request);
    body = fuzz_input(data, size); /* what was read must not view what is gone */
    body_check_result(body, STR("propertyupdate"), result);
    if (dav_is_fine(result)) {
        check_updates(body, &request);
        write_again(&again, &request);
        check_same(buf_str(&again), &request);
        if (body_insert(&longer, body, STR(unknown)))
            check_same(buf_str(&longer), &request);
    } else {
        FUZZ_CHECK(request.update_count == untouched.update_count);
    }
    buf_done(&again);
    buf_done(&longer);
    arena_done(&arena);
    return 0;
}
