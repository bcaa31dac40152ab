/* exchange/if_header.h: what the If field says (RFC 4918 §10.4). Whether it holds is its handler's
 * to say. */
#pragma once

#include "exchange/exchange.h"

enum if_kind { IF_STATE_TOKEN, IF_ETAG };

struct if_condition {
    enum if_kind kind;
    bool is_not;
    struct str value; /* a state token without its brackets, or an entity tag */
};

/* Conditions that must all hold for one resource. */
struct if_list {
    struct str resource; /* as in the field; at == NULL: the request URI */
    struct if_condition *conditions;
    size_t condition_count;
};

/* Lists of which one must hold. */
struct if_header {
    struct if_list *lists;
    size_t list_count;
};

/* Parses the value of all If field lines, joined; views into it. False: malformed. */
NODISCARD bool if_header_parse(struct str value, struct arena *arena, struct if_header *header_out);

/* Fills x->conditions from the request. 400 when the field is malformed. */
NODISCARD struct dav_result if_header_read(struct exchange *x);

/* Whether the client has submitted this token: it stands somewhere in the field (§10.4.1). */
bool if_header_submits(const struct if_header *header, struct str token);
