/* Conditional requests (RFC 9110 §13). The order in which the fields are asked is that of §13.2.2:
 * If-Match hides If-Unmodified-Since, and If-None-Match hides If-Modified-Since. If-Match compares
 * strongly, If-None-Match weakly; what has no entity tag (a collection) matches "*" alone.
 *
 * What cannot be read is taken so that no update is lost: a list that is none does not match, which
 * is a 412 for If-Match and nothing for If-None-Match; a date that is none, or more than one, is as
 * if it were not there.
 *
 * Rejected: to read all of them into a struct at first. Most requests have none of them. */
#include "http/conditional.h"

#include "text/date.h"

static const struct etag *own_tag(const struct http_representation *now)
{
    return now->exists && now->has_etag ? &now->etag : NULL;
}

/* §13.1.1. A field that is no list of entity tags cannot match: better a 412 than a lost update. */
static bool if_match_holds(struct str list, const struct http_representation *now)
{
    enum etag_list found = etag_list_find(list, own_tag(now), true);
    return found == ETAG_LIST_ANY ? now->exists : found == ETAG_LIST_HIT;
}

/* Some letters behind the tag's own text: "x-gzip", "x--gzip", "x;br", "x/zstd". */
static bool has_suffix(struct str opaque, struct str own)
{
    struct str text = str_first(own, own.len - 1); /* without the closing quote */
    struct str suffix = str_from(opaque, size_min(opaque.len, text.len));
    bool is_longer = str_starts(opaque, text) && suffix.len > 2;
    return is_longer && !char_is_alpha(suffix.at[0]) && !char_is_digit(suffix.at[0]) &&
           char_is_alpha(suffix.at[suffix.len - 2]);
}

bool http_if_match_was_altered(const struct http_fields *fields,
                               const struct http_representation *now, struct arena *arena)
{
    struct str list = http_fields_join(fields, FIELD_IF_MATCH, arena);
    const struct etag *own = own_tag(now);
    struct etag etag;
    if (!list.at || !own || if_match_holds(list, now))
        return false;
    for (list = str_trim(list); etag_take(&list, &etag); list = str_trim(list)) {
        if (etag_matches_weakly(etag, *own) || has_suffix(etag.opaque, own->opaque))
            return true;
        list = str_trim(list);
        list = str_from(list, list.len && list.at[0] == ',');
    }
    return false;
}

/* §13.1.2. A field that is no list of entity tags is ignored: Joplin sends one with each request.
 * What is asked for is those very bytes, in their coding. */
static bool if_none_match_holds(struct str list, const struct http_representation *now)
{
    const struct etag exact = {.opaque = now->etag.opaque, .is_weak = now->etag.is_weak};
    enum etag_list found = etag_list_find(list, own_tag(now) ? &exact : NULL, false);
    return found == ETAG_LIST_ANY ? !now->exists : found != ETAG_LIST_HIT;
}

/* §13.1.3 and §13.1.4: true when the date is valid and the representation is newer than it. Several
 * lines come joined, and are no valid date. */
static bool is_modified_since(struct str date, const struct http_representation *now,
                              bool *is_valid)
{
    int64_t since;
    *is_valid = now->exists && now->modified_s >= 0 && http_date_parse(date, &since);
    return *is_valid && now->modified_s > since;
}

bool http_is_conditional(const struct http_fields *fields)
{
    static const enum http_field all[] = {FIELD_IF_MATCH, FIELD_IF_UNMODIFIED_SINCE,
                                          FIELD_IF_NONE_MATCH, FIELD_IF_MODIFIED_SINCE};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (http_fields_has(fields, all[i]))
            return true;
    }
    return false;
}

enum http_precondition http_conditional(const struct http_fields *fields, bool is_read,
                                        const struct http_representation *now, struct arena *arena)
{
    bool is_valid;
    struct str match = http_fields_join(fields, FIELD_IF_MATCH, arena);
    if (match.at) {
        if (!if_match_holds(match, now))
            return PRECONDITION_FAILED;
    } else {
        struct str date = http_fields_join(fields, FIELD_IF_UNMODIFIED_SINCE, arena);
        if (date.at && is_modified_since(date, now, &is_valid))
            return PRECONDITION_FAILED;
    }
    struct str none_match = http_fields_join(fields, FIELD_IF_NONE_MATCH, arena);
    if (none_match.at) {
        if (!if_none_match_holds(none_match, now))
            return is_read ? PRECONDITION_NOT_MODIFIED : PRECONDITION_FAILED;
        return PRECONDITION_HOLDS;
    }
    struct str date = http_fields_join(fields, FIELD_IF_MODIFIED_SINCE, arena);
    if (is_read && date.at && !is_modified_since(date, now, &is_valid) && is_valid)
        return PRECONDITION_NOT_MODIFIED;
    return PRECONDITION_HOLDS;
}

bool http_if_range_holds(const struct http_fields *fields, const struct http_representation *now)
{
    struct str value = http_fields_get(fields, FIELD_IF_RANGE);
    struct etag etag;
    int64_t date;
    if (!value.at)
        return true;
    value = str_trim(value);
    struct str rest = value;
    if (etag_take(&rest, &etag)) {
        const struct etag exact = {.opaque = now->etag.opaque, .is_weak = now->etag.is_weak};
        return rest.len == 0 && own_tag(now) && etag_matches_strongly(etag, exact);
    }
    /* A date holds only when it is the very same: §13.1.5. */
    return now->modified_s >= 0 && http_date_parse(value, &date) && date == now->modified_s;
}
