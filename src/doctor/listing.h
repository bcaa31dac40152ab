/* doctor/listing.h: PROPFIND, and what its 207 says. */
#pragma once

#include "doctor/visit.h"

enum { MEMBERS_MAX = 64 };

struct member {
    struct str href;
    struct res_path path; /* decoded; empty where it cannot be */
    bool is_collection;
    bool has_length;
    uint64_t length;
    struct str tag;        /* getetag; empty: none */
    bool has_lock_entries; /* supportedlock is not empty */
};

struct listing {
    struct member members[MEMBERS_MAX];
    size_t count;    /* at most so many; of others nothing is known */
    struct str type; /* of the answer; of the reply's life */
};

/* Asks for the properties above. False, and it was said why: there is no 207 that can be read. */
bool visit_list(struct visit *visit, const char *url, const char *depth,
                struct listing *listing_out);

/* The same of an answer that is there. */
bool visit_read_listing(struct visit *visit, const struct reply *reply,
                        struct listing *listing_out);

/* Says what is wrong with its type and its addresses. */
void visit_judge_listing(struct visit *visit, const struct listing *listing);

/* By the last segment of its path, decoded. NULL: it is not there. */
const struct member *listing_member(const struct listing *listing, struct str name);
