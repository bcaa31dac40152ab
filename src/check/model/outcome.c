/* Verdicts of targets are about one request each. What is said of a link is worked out of them when
 * all are there: where a chain of redirects ends, whether that has the name that the link wants,
 * and what else was asked for.
 *
 * The first that holds is said: what is wrong with the target before what is wrong with the link.
 * So a link to http: that is broken is broken, and --require-https has nothing to say of it; and a
 * permanent redirect is one only where all is well at its end.
 *
 * What fails where no browser goes by itself is noted in place of all that: whether it matters only
 * who wrote the page can say.
 *
 * Where a link has moved to is the end of the permanent redirects that it begins with: behind a
 * temporary one the address may be another one tomorrow. */
#include "check/model/outcome.h"

#include "http/status.h"

/* --- redirects --- */

/* Where a chain of redirects ends. False: it leads back into itself. Once a second walker at half
 * the pace is met the chain is a ring. */
static bool walk_redirects(const struct site *site, uint32_t id, struct outcome *outcome)
{
    uint32_t slow = id;
    outcome->end = id;
    for (;;) {
        const struct target *target = site_at(site, outcome->end);
        if (target->state != TARGET_DONE || target->redirect_to == TARGET_NONE)
            return true;
        outcome->end = target->redirect_to;
        outcome->hops++;
        if (outcome->hops % 2 == 0)
            slow = site_at(site, slow)->redirect_to;
        if (outcome->end == slow)
            return false;
    }
}

/* The chain has an end. */
static uint32_t moved_to(const struct site *site, uint32_t id)
{
    uint32_t at = id;
    for (const struct target *hop = site_at(site, at);
         hop->redirect_to != TARGET_NONE && http_is_moved(hop->status); hop = site_at(site, at))
        at = hop->redirect_to;
    return at == id ? TARGET_NONE : at;
}

static struct outcome follow(const struct site *site, const struct outcome_rules *rules,
                             uint32_t id)
{
    const struct target *first = site_at(site, id);
    struct outcome outcome = {.verdict = (enum verdict)first->verdict,
                              .moved_to = TARGET_NONE,
                              .redirect_kind = (enum redirect_kind)first->redirect_kind};
    bool has_end = walk_redirects(site, id, &outcome);
    if (!has_end || outcome.hops > rules->redirects_max) {
        outcome.verdict = has_end ? VERDICT_TOO_MANY_REDIRECTS : VERDICT_LOOP;
        return outcome;
    }
    if (outcome.hops == 0)
        return outcome;
    const struct target *end = site_at(site, outcome.end);
    outcome.moved_to = moved_to(site, id);
    outcome.verdict = end->state == TARGET_DONE ? (enum verdict)end->verdict : VERDICT_NOT_CHECKED;
    /* That the end is not to be looked at is no fault of the link: it was redirected. */
    bool is_fine = outcome.verdict == VERDICT_OK || outcome.verdict == VERDICT_SKIPPED ||
                   outcome.verdict == VERDICT_ROBOTS;
    if (is_fine)
        outcome.verdict = VERDICT_REDIRECTED;
    return outcome;
}

/* --- what else was asked for --- */

static bool is_good(enum verdict verdict)
{
    return verdict == VERDICT_OK || verdict == VERDICT_REDIRECTED;
}

/* Whether the same address answers by https:, and does not lead back to http:. */
static bool has_https(const struct site *site, const struct outcome_rules *rules, uint32_t id)
{
    struct buf url = {0};
    BUF_ADD(&url, "https");
    buf_add(&url, str_from(site_url(site, id), STR("http").len));
    uint32_t twin = site_find(site, buf_str(&url));
    buf_done(&url);
    if (twin == TARGET_NONE || site_at(site, twin)->state != TARGET_DONE)
        return false;
    struct outcome outcome = follow(site, rules, twin);
    return is_good(outcome.verdict) && str_starts(site_url(site, outcome.end), STR("https:"));
}

/* What is wrong with a link although it leads to where it should. */
static enum verdict verdict_of_good(const struct site *site, const struct outcome_rules *rules,
                                    const struct outcome *outcome, uint32_t id)
{
    if (site_at(site, id)->flags & TARGET_WANTS_HTTPS && has_https(site, rules, id))
        return VERDICT_USE_HTTPS;
    if (rules->tells_moved && outcome->moved_to != TARGET_NONE)
        return VERDICT_PERMANENT_REDIRECT;
    return outcome->verdict;
}

static enum verdict verdict_of_hint(enum verdict verdict)
{
    return verdict_rows[verdict].class == CLASS_FAIL ? VERDICT_BROKEN_HINT : verdict;
}

struct outcome target_outcome(const struct site *site, const struct outcome_rules *rules,
                              uint32_t id)
{
    struct outcome outcome = follow(site, rules, id);
    if (is_good(outcome.verdict))
        outcome.verdict = verdict_of_good(site, rules, &outcome, id);
    if (site_at(site, id)->flags & TARGET_IS_HINT)
        outcome.verdict = verdict_of_hint(outcome.verdict);
    return outcome;
}

/* --- places --- */

static bool lacks_name(const struct site *site, const struct outcome *outcome,
                       const struct fragment *fragment)
{
    const struct target *end = site_at(site, outcome->end);
    return fragment->decoded.len && end->flags & TARGET_HAS_NAMES &&
           !fragment_is_found(site_names(site), outcome->end, end->flags & TARGET_FOLDS_NAMES,
                              fragment);
}

static bool is_insecure(const struct site *site, const struct place *place)
{
    return place->page != TARGET_NONE && link_rows[place->kind].role == ROLE_PART &&
           str_starts(site_url(site, place->page), STR("https:")) &&
           str_starts(site_url(site, place->target), STR("http:"));
}

static struct outcome find_outcome(const struct site *site, const struct outcome_rules *rules,
                                   const struct place *place)
{
    const struct outcome nowhere = {.verdict = place->is_left ? VERDICT_SKIPPED : VERDICT_BAD_URL,
                                    .end = TARGET_NONE,
                                    .moved_to = TARGET_NONE};
    if (place->target == TARGET_NONE)
        return nowhere;
    struct outcome outcome = follow(site, rules, place->target);
    if (place->is_left) {
        outcome = nowhere;
        outcome.end = place->target;
        return outcome;
    }
    /* Where a form is sent to takes POST, and need not take GET. */
    if (outcome.verdict == VERDICT_BROKEN && link_rows[place->kind].role == ROLE_FORM &&
        site_at(site, outcome.end)->status == HTTP_METHOD_NOT_ALLOWED)
        outcome.verdict = outcome.hops ? VERDICT_REDIRECTED : VERDICT_OK;
    if (!is_good(outcome.verdict))
        return outcome;
    const struct fragment fragment = site_fragment_of(site, place);
    outcome.fragment = fragment.decoded;
    if (rules->with_fragments && lacks_name(site, &outcome, &fragment))
        outcome.verdict = VERDICT_FRAGMENT_MISSING;
    else if (is_insecure(site, place))
        outcome.verdict = VERDICT_INSECURE;
    else
        outcome.verdict = verdict_of_good(site, rules, &outcome, place->target);
    return outcome;
}

struct outcome place_outcome(const struct site *site, const struct outcome_rules *rules,
                             const struct place *place)
{
    struct outcome outcome = find_outcome(site, rules, place);
    if (link_rows[place->kind].role == ROLE_HINT)
        outcome.verdict = verdict_of_hint(outcome.verdict);
    return outcome;
}
