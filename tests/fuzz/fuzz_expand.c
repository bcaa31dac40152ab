/* Bodies of expand-property (RFC 3253 §3.8). What is taken has names that can be written, no deeper
 * within each other than they may be. */
#include "body.h"
#include "extension/expand/request.h"
#include "multistatus/writer.h"

static struct arena arena;

static void check_name(const struct prop_name *name)
{
    struct buf text = {0};
    const struct xml_name wanted = {.ns = name->ns, .local = name->name};
    const struct xml_limits limits = {.depth_max = 2, .attr_count_max = 4, .ns_bytes_max = 1000000};
    multistatus_empty_element(&text, name->ns, name->name);
    FUZZ_CHECK(xml_has(buf_str(&text), 1, &wanted, &limits) ||
               str_eq(name->ns, STR("DAV:"))); /* whose prefix stands on the multistatus */
    buf_done(&text);
}

static void check_node(const struct expand_node *node, unsigned depth)
{
    bool expands = false;
    FUZZ_CHECK(depth <= body_limits.expand_depth);
    for (size_t i = 0; i < node->props.name_count; i++) {
        check_name(&node->props.names[i]);
        expands |= node->inner[i] != NULL;
        if (node->inner[i])
            check_node(node->inner[i], depth + 1);
    }
    FUZZ_CHECK(expands == node->expands);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct expand_node *root = NULL;
    struct dav_result result = expand_parse(fuzz_input(data, size), &body_limits, &arena, &root);
    FUZZ_CHECK(dav_is_fine(result) == (root != NULL));
    if (root)
        check_node(root, 0);
    arena_done(&arena);
    return 0;
}
