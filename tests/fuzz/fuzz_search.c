/* Bodies of SEARCH (RFC 5323). A query that is taken has all that evaluating it relies on, and can
 * be evaluated of a resource that has nothing, and of one that has a text for everything. */
#include "body.h"
#include "extension/search/evaluate.h"

static struct arena arena;

static void check_node(const struct search_query *query, const struct search_node *node)
{
    enum search_shape shape = search_operators[node->operator].shape;
    bool has_prop = shape == OF_PROP || shape == OF_PROP_AND_LITERAL;
    FUZZ_CHECK(has_prop ? node->prop < query->props.name_count : node->prop == SIZE_MAX);
    FUZZ_CHECK((node->literal.at != NULL) == (shape == OF_PROP_AND_LITERAL || shape == OF_TEXT));
    FUZZ_CHECK((node->inner != NULL) == (shape == OF_OPERATORS));
    for (const struct search_node *inner = node->inner; inner; inner = inner->before) {
        FUZZ_CHECK(inner->outer == node);
        check_node(query, inner);
    }
}

static void evaluate(const struct search_query *query, const struct search_value *value)
{
    size_t count = query->props.name_count;
    size_t room = count + SEARCH_ORDERS_MAX; /* of properties, and of orders */
    struct search_value *values = arena_alloc(&arena, room * sizeof(*values));
    struct search_deadline never = {INT64_MAX, false};
    for (size_t i = 0; i < room; i++)
        values[i] = *value;
    const struct search_subject subject = {.name = STR("name"), .values = values};
    enum search_truth truth = search_evaluate(query, &subject, &never);
    FUZZ_CHECK(truth == TRUTH_FALSE || truth == TRUTH_UNKNOWN || truth == TRUTH_TRUE);
    FUZZ_CHECK(search_compare(query, &arena, values, values) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct search_value nothing = {0};
    static const struct search_value text = {true, true, STR_INIT("1994-11-06T08:49:37Z"),
                                             STR_INIT("de")};
    struct search_query query = {.order_count = 42};
    struct dav_result result = search_parse(fuzz_input(data, size), &body_limits, &arena, &query);
    FUZZ_CHECK(dav_is_fine(result) || (query.order_count == 42 && result.status));
    if (dav_is_fine(result)) {
        FUZZ_CHECK(query.order_count <= SEARCH_ORDERS_MAX);
        if (query.where)
            check_node(&query, query.where);
        evaluate(&query, &nothing);
        evaluate(&query, &text);
    }
    arena_done(&arena);
    return 0;
}
