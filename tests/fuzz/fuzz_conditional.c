/* Entity tags and conditional requests. Lines of the input: flags for the resource, its entity tag,
 * then the values of If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since and If-Range;
 * "-" leaves one out. The verdict is that of RFC 9110 §13.2.2, evaluated here on its own. */
#include "fuzz.h"
#include "http/conditional.h"
#include "text/date.h"

/* Counts the tags of a list that match; -1: it is no list. */
static int count_matches(struct str list, const struct etag *own, bool is_strong)
{
    int count = 0, members = 0;
    while (list.len) {
        struct etag etag;
        while (list.len && (list.at[0] == ',' || list.at[0] == ' ' || list.at[0] == '\t'))
            list = str_from(list, 1);
        if (list.len == 0)
            break;
        struct str before = list;
        if (!etag_take(&list, &etag))
            return -1;
        FUZZ_CHECK(etag.opaque.len >= 2 && before.len > list.len);
        FUZZ_CHECK(before.len - list.len == etag.opaque.len + (etag.is_weak ? 2 : 0));
        members++;
        if (own)
            count +=
                is_strong ? etag_matches_strongly(etag, *own) : etag_matches_weakly(etag, *own);
        list = str_trim(list);
        if (list.len && list.at[0] != ',')
            return -1;
    }
    return members ? count : -1;
}

static bool is_later(const struct http_representation *now, struct str date, bool *is_date)
{
    int64_t seconds = 0;
    *is_date = http_date_parse(date, &seconds) && now->exists && now->modified_s >= 0;
    return *is_date && now->modified_s > seconds;
}

static enum http_precondition expected(const struct http_fields *fields, bool is_read,
                                       const struct http_representation *now)
{
    const struct etag *own = now->exists && now->has_etag ? &now->etag : NULL;
    struct str match = http_fields_get(fields, FIELD_IF_MATCH);
    struct str none_match = http_fields_get(fields, FIELD_IF_NONE_MATCH);
    bool is_date;
    bool is_any = str_eq(str_trim(match), STR("*"));
    if (match.at && !(is_any ? now->exists : count_matches(match, own, true) > 0))
        return PRECONDITION_FAILED;
    if (!match.at && is_later(now, http_fields_get(fields, FIELD_IF_UNMODIFIED_SINCE), &is_date))
        return PRECONDITION_FAILED;
    is_any = str_eq(str_trim(none_match), STR("*"));
    if (none_match.at && (is_any ? now->exists : count_matches(none_match, own, false) > 0))
        return is_read ? PRECONDITION_NOT_MODIFIED : PRECONDITION_FAILED;
    bool is_newer = is_later(now, http_fields_get(fields, FIELD_IF_MODIFIED_SINCE), &is_date);
    if (is_read && !none_match.at && is_date && !is_newer)
        return PRECONDITION_NOT_MODIFIED;
    return PRECONDITION_HOLDS;
}

static struct http_representation representation_of(struct str flags, struct str tag)
{
    struct http_representation now = {.exists = str_index(flags, 'e') < flags.len,
                                      .modified_s = 784111777};
    now.has_etag = now.exists && etag_take(&tag, &now.etag);
    if (str_index(flags, 'd') == flags.len || !now.exists)
        now.modified_s = -1;
    return now;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum http_field ids[] = {FIELD_IF_MATCH, FIELD_IF_UNMODIFIED_SINCE,
                                          FIELD_IF_NONE_MATCH, FIELD_IF_MODIFIED_SINCE,
                                          FIELD_IF_RANGE};
    struct str rest = fuzz_input(data, size);
    struct arena arena = {0};
    struct http_fields fields = {0};
    struct str flags = str_cut(&rest, '\n');
    struct http_representation now = representation_of(flags, str_cut(&rest, '\n'));
    for (size_t i = 0; i < ARRAY_LEN(ids) && rest.len; i++) {
        struct http_field_line line = {ids[i], http_field_name(ids[i]), str_cut(&rest, '\n')};
        if (!str_eq(line.value, STR("-")))
            http_fields_add(&fields, &arena, &line);
    }
    for (int is_read = 0; is_read < 2; is_read++)
        FUZZ_CHECK(http_conditional(&fields, is_read, &now, &arena) ==
                   expected(&fields, is_read, &now));
    bool holds = http_if_range_holds(&fields, &now);
    FUZZ_CHECK(holds || http_fields_has(&fields, FIELD_IF_RANGE));
    if (holds && http_fields_has(&fields, FIELD_IF_RANGE))
        FUZZ_CHECK((now.has_etag && !now.etag.is_weak) || now.modified_s >= 0);
    arena_done(&arena);
    return 0;
}
