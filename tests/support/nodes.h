/* nodes.h: nodes that share their state, as those of a cluster would: secrets are derived from one
 * that all have, and records are in one place, which can be out of reach. */
#pragma once

#include "base/shared_state.h"

/* What they share. */
struct node_hub {
    struct shared_state *records;
    const char *root; /* secret */
};

struct node {
    struct shared_state state;
    struct node_hub *hub;
    int64_t ahead_ms; /* its clock, of the others' */
    bool is_cut_off;  /* from the hub */
    bool is_on_loop;  /* where nothing may wait: an update is a failure of the test */
    unsigned updates;
};

void node_init(struct node *node, struct node_hub *hub);
