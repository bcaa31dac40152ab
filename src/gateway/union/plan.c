/* Where a request goes, as a function of what each origin has.
 *
 * The first origin, in the order of the configuration, that has a name is the one whose resource it
 * is. So all before it must have said that they have nothing: one that is not known may have the
 * name, and the answer would be of another resource. Those behind it matter where a request is
 * about more than that resource:
 *
 *  - what is in a collection is what is in it at each origin that has a collection there. Where
 *    only one has, all that is inside is that one's alone, and it is a plain gateway's request;
 *  - what is taken away must be taken away everywhere, or another origin's comes to light.
 *
 * An origin that refuses to say (403) has it, as far as the order goes: its refusal is the answer,
 * and nothing behind it is shown in its stead. In a listing it may hide a collection, and counts as
 * not known. One that asks who the client is (401) is answered by nobody else but the client. */
#include "gateway/union/plan.h"

static uint64_t bit(size_t index)
{
    return UINT64_C(1) << index;
}

static size_t first_of(uint64_t bits)
{
    size_t i = 0;
    while (!(bits & bit(i)))
        i++;
    return i;
}

static bool is_there(enum had had)
{
    return had == HAD_FILE || had == HAD_COLLECTION || had == HAD_REFUSAL || had == HAD_CHALLENGE;
}

/* The first that has it: GO. */
static struct plan find_first(const enum had *had, size_t count, struct wish wish)
{
    struct plan plan = {.kind = PLAN_ABSENT};
    for (size_t i = 0; i < count; i++) {
        if (is_there(had[i]))
            return (struct plan){.kind = PLAN_GO, .index = i, .lacking = plan.lacking};
        if (had[i] == HAD_PENDING)
            return (struct plan){.kind = PLAN_WAIT};
        if (had[i] == HAD_NOTHING)
            continue;
        if (!wish.may_lack)
            return (struct plan){.kind = PLAN_UNKNOWN, .index = i};
        plan.lacking |= bit(i);
    }
    if (plan.lacking) /* that it is not there cannot be said */
        return (struct plan){.kind = PLAN_UNKNOWN, .index = first_of(plan.lacking)};
    if (wish.makes)
        plan.kind = PLAN_PARENT;
    return plan;
}

/* What one that is behind the first means for the plan. */
static void add_later(struct plan *plan, enum had had, size_t i, enum aim aim)
{
    bool is_each = aim == AIM_EACH || aim == AIM_SOLE;
    bool is_unknown = had == HAD_UNKNOWN || (had == HAD_REFUSAL && !is_each);
    if (is_unknown)
        plan->lacking |= bit(i);
    else if (had == HAD_COLLECTION || (is_each && is_there(had)))
        plan->members |= bit(i);
}

/* All that matter are known, or are said to be lacking. */
static struct plan settle(struct plan plan, struct wish wish)
{
    bool is_list = wish.aim == AIM_LIST || wish.aim == AIM_ITSELF;
    bool may_lack = wish.aim == AIM_ITSELF || (wish.aim == AIM_LIST && wish.may_lack);
    if (plan.lacking && !may_lack)
        return (struct plan){.kind = PLAN_UNKNOWN, .index = first_of(plan.lacking)};
    if (plan.members == bit(plan.index) && !plan.lacking)
        return plan;
    plan.is_of_members = wish.aim == AIM_LIST;
    plan.kind = is_list ? PLAN_LIST : wish.aim == AIM_EACH ? PLAN_EACH : PLAN_SHARED;
    if (wish.aim == AIM_ITSELF) /* the first says it, for all of them */
        plan.members = bit(plan.index);
    return plan;
}

struct plan plan_of(const enum had *had, size_t count, struct wish wish)
{
    struct plan plan = find_first(had, count, wish);
    bool takes_away = wish.aim == AIM_EACH || wish.aim == AIM_SOLE;
    if (plan.kind != PLAN_GO || wish.aim == AIM_FIRST || had[plan.index] == HAD_CHALLENGE)
        return plan;
    if (had[plan.index] != HAD_COLLECTION && !takes_away)
        return plan;
    plan.members = bit(plan.index);
    for (size_t i = plan.index + 1; i < count; i++) {
        if (had[i] == HAD_PENDING)
            return (struct plan){.kind = PLAN_WAIT};
        if (had[i] == HAD_CHALLENGE)
            return (struct plan){.kind = PLAN_GO, .index = i};
        add_later(&plan, had[i], i, wish.aim);
    }
    return settle(plan, wish);
}

struct plan plan_for_member(const enum had *had, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (had[i] == HAD_PENDING)
            return (struct plan){.kind = PLAN_WAIT};
        if (had[i] == HAD_UNKNOWN)
            return (struct plan){.kind = PLAN_UNKNOWN, .index = i};
        if (had[i] != HAD_NOTHING && had[i] != HAD_FILE)
            return (struct plan){.kind = PLAN_GO, .index = i};
    }
    return (struct plan){.kind = PLAN_ABSENT};
}
