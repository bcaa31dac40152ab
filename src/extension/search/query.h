/* extension/search/query.h: a basicsearch (RFC 5323 §5): what is looked for, where, and in which
 * order it is told. */
#pragma once

#include "dav/prop/request.h"
#include "exchange/destination.h"

enum search_shape { OF_OPERATORS, OF_PROP_AND_LITERAL, OF_PROP, OF_NOTHING, OF_TEXT };

enum search_operator {
#define SEARCH_OPERATOR(name, element, shape) SEARCH_##name,
#include "extension/search/operators.def"
#undef SEARCH_OPERATOR
    SEARCH_OPERATOR_COUNT
};

struct search_operator_row {
    struct str element;
    enum search_shape shape;
};

extern const struct search_operator_row search_operators[SEARCH_OPERATOR_COUNT];

/* What a value is taken for when it is compared (§5.5.4). */
enum search_type { TYPE_STRING, TYPE_NUMBER, TYPE_DATE, TYPE_TRUTH };

/* An operator of the where; those within it in a list. */
struct search_node {
    enum search_operator operator;
    struct search_node *outer;
    struct search_node *inner; /* the last one */
    struct search_node *before;
    size_t prop;        /* of query->props; SIZE_MAX: none */
    struct str literal; /* at == NULL: none */
    bool is_typed;      /* the literal says its type; otherwise the property does */
    enum search_type type;
    bool is_caseless;
};

struct search_order {
    size_t prop; /* SIZE_MAX: the score, which all share */
    bool is_descending;
    bool is_caseless;
};

enum { SEARCH_ORDERS_MAX = 8 };

struct search_query {
    bool is_discovery;              /* query-schema-discovery: no search, but what can be asked */
    struct propfind_request select; /* what is told of each match */
    struct propfind_request props;  /* that where and orderby are about */
    struct str scope;               /* a URI reference, as it came */
    enum depth depth;
    struct search_node *where; /* NULL: all match */
    struct search_order orders[SEARCH_ORDERS_MAX];
    size_t order_count;
    uint64_t nresults; /* UINT64_MAX: as many as there are */
};

/* 400 where it makes no sense, 422 for operators that there are not, and the preconditions of §2.4.
 * Memory from the arena. */
NODISCARD struct dav_result search_parse(struct str body, const struct limits *limits,
                                         struct arena *arena, struct search_query *query_out);
