/* exchange/clients/clients.h: programs that are clients, by their User-Agent: what is to be told
 * them, whether they are served, and what must be done otherwise for them. */
#pragma once

#include "exchange/exchange.h"

enum client_quirk {
#define DAV_CLIENT(quirk, name, pattern, why) quirk,
#include "exchange/clients/clients.def"
#undef DAV_CLIENT
    QUIRK_COUNT
};

/* What an administrator says of some, [client "pattern"]. The first that fits counts. */
struct client_rule {
    struct str pattern;
    struct str notice; /* empty: nothing is told */
    int64_t period_ms; /* how often at most, to each client */
    bool is_refused;
    bool has_quirks; /* these, and not those of clients.def */
    unsigned quirks; /* bits */
};

struct client_rules;

/* Borrows the rules; remembers about so many clients that were told something. Memory from the
 * arena. */
struct client_rules *client_rules_new(struct arena *arena, const struct client_rule *rules,
                                      size_t count, size_t told_max);

/* Quirks by their names, with commas between; "none": no bits. False: *wrong_out is none. */
NODISCARD bool client_quirks_read(struct str list, unsigned *quirks_out, struct str *wrong_out);

/* Finds the rule for who asks. 403 where he is not served. Where there are no rules it costs
 * nothing. */
NODISCARD struct dav_result client_admit(struct exchange *x);

/* Those names, for people. Static. */
const char *client_quirk_names(void);

bool client_has(const struct exchange *x, enum client_quirk quirk);

/* Whether there is something to be told with this answer; the same each time. */
bool client_is_to_be_told(struct exchange *x);

/* Appends it, behind the responses of a 207. */
void client_tell_in_multistatus(struct exchange *x, struct buf *to);

/* The head of an answer is about to leave: tells it there, unless its body does. On the loop. */
void client_tell_in_head(struct exchange *x);
