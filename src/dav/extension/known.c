/* Extensions are the process's, and known before the first request: what there is does not change
 * while it runs, so nothing here is locked, and a name is found as fast as if it stood in a table
 * of dav's. Where one is on is asked when something of it may be told or done, and remembered for
 * the exchange; requests that have nothing to do with any never ask.
 *
 * Rejected: a table of dav_service's, made for each configuration. What a reload can change is
 * where an extension is on, not what it is: shared objects stay loaded; and bodies that were parsed
 * once are known again with what their names mean (dav/prop/request.c). */
#include "dav/extension/known.h"

#include "dav/prop/prop.h"
#include "http/media_type.h"

enum { EXTENSIONS_MAX = 64, REPORTS_MAX = 64, POSTS_MAX = 32, CLAIMS_MAX = 16, READERS_MAX = 16 };

/* What is of the extension with that number. */
struct report_row {
    const struct dav_report *report;
    size_t extension;
};

struct post_row {
    const struct dav_post *post;
    size_t extension;
};

static struct {
    const struct dav_extension *rows[EXTENSIONS_MAX];
    size_t count;
    struct report_row reports[REPORTS_MAX];
    size_t report_count;
    struct post_row posts[POSTS_MAX];
    size_t post_count;
    const struct dav_claim *claims[CLAIMS_MAX];
    size_t claim_count;
    size_t readers[READERS_MAX]; /* extensions that read fields */
    size_t reader_count;
} known;

/* --- adding --- */

bool dav_has_no_room(struct err *err)
{
    return err_set(err, 0, "there is no room for so many extensions");
}

bool dav_name_is_taken(struct err *err, const char *what, struct str name)
{
    return err_set(err, 0, "there is already %s '%.*s'", what, STR_ARGS(name));
}

static bool has_report(struct str ns, struct str name)
{
    for (size_t i = 0; i < known.report_count; i++) {
        const struct dav_report *report = known.reports[i].report;
        if (str_eq(report->name, name) && str_eq(report->ns, ns))
            return true;
    }
    return false;
}

static bool add_reports(const struct dav_report *report, struct err *err)
{
    for (; report && report->stages; report++) {
        if (has_report(report->ns, report->name))
            return dav_name_is_taken(err, "a report", report->name);
        if (known.report_count == REPORTS_MAX)
            return dav_has_no_room(err);
        known.reports[known.report_count++] = (struct report_row){report, known.count};
    }
    return true;
}

static bool has_type(struct str type)
{
    for (size_t i = 0; i < known.post_count && type.len; i++) {
        if (str_eq_nocase(known.posts[i].post->type, type))
            return true;
    }
    return false;
}

static bool add_posts(const struct dav_post *post, struct err *err)
{
    for (; post && post->stages; post++) {
        if (!post->takes && has_type(post->type))
            return dav_name_is_taken(err, "who takes", post->type);
        if (known.post_count == POSTS_MAX)
            return dav_has_no_room(err);
        known.posts[known.post_count++] = (struct post_row){post, known.count};
    }
    return true;
}

static bool add_claims(const struct dav_claim *claim, struct err *err)
{
    for (; claim && claim->stages; claim++) {
        if (known.claim_count == CLAIMS_MAX)
            return dav_has_no_room(err);
        known.claims[known.claim_count++] = claim;
    }
    return true;
}

bool dav_know(const struct dav_extension *row, struct err *err)
{
    if (known.count == EXTENSIONS_MAX || (row->read && known.reader_count == READERS_MAX))
        return dav_has_no_room(err);
    for (size_t i = 0; i < known.count; i++) {
        if (str_eq(known.rows[i]->name, row->name))
            return dav_name_is_taken(err, "an extension", row->name);
    }
    if (!add_reports(row->reports, err) || !add_posts(row->posts, err) ||
        !add_claims(row->claims, err))
        return false;
    if (row->read)
        known.readers[known.reader_count++] = known.count;
    known.rows[known.count++] = row;
    return true;
}

/* --- what there is --- */

size_t dav_extension_count(void)
{
    return known.count;
}

const struct dav_extension *dav_extension_of(size_t number)
{
    return known.rows[number];
}

static uint64_t find_those_on(const struct exchange *x)
{
    uint64_t on = 0;
    for (size_t i = 0; i < known.count; i++) {
        const struct dav_extension *row = known.rows[i];
        bool is_on = !row->is_on || row->is_on(x);
        on |= (uint64_t)is_on << i;
    }
    return on;
}

bool dav_extension_is_on(const struct exchange *x, size_t number)
{
    struct extension_memo *memo = x->part;
    if (!memo->has_asked) {
        memo->has_asked = true;
        memo->on = find_those_on(x);
    }
    return memo->on >> number & 1;
}

const struct dav_post *dav_next_post(const struct exchange *x, size_t *at)
{
    while (*at < known.post_count) {
        const struct post_row *row = &known.posts[(*at)++];
        if (dav_extension_is_on(x, row->extension))
            return row->post;
    }
    return NULL;
}

const struct dav_report *dav_next_report(const struct prop_target *target, size_t *at)
{
    unsigned flag = target->is_principal         ? METHOD_ON_PRINCIPAL
                    : target->stat.is_collection ? METHOD_ON_COLLECTION
                                                 : METHOD_ON_FILE;
    while (*at < known.report_count) {
        const struct report_row *row = &known.reports[(*at)++];
        if ((row->report->flags & flag) && dav_extension_is_on(target->x, row->extension) &&
            (!row->report->is_for || row->report->is_for(target)))
            return row->report;
    }
    return NULL;
}

/* --- requests --- */

const struct dav_claim *dav_claim_of(const struct exchange *x)
{
    for (size_t i = 0; i < known.claim_count; i++) {
        if (known.claims[i]->claims(x))
            return known.claims[i];
    }
    return NULL;
}

const struct dav_post *dav_post_of(const struct exchange *x)
{
    struct str type = media_type_essence(exchange_field(x, FIELD_CONTENT_TYPE));
    const struct dav_post *any = NULL;
    const struct dav_post *post;
    for (size_t at = 0; (post = dav_next_post(x, &at));) {
        bool is_of_type = post->type.len && str_eq_nocase(post->type, type);
        if ((post->type.len && !is_of_type) || (post->takes && !post->takes(x)))
            continue;
        if (is_of_type)
            return post;
        any = any ? any : post;
    }
    return any;
}

static bool has_field(const struct exchange *x, const enum http_field *field)
{
    while (*field != FIELD_OTHER && !http_fields_has(&x->stream->request.fields, *field))
        field++;
    return *field != FIELD_OTHER;
}

struct dav_result dav_read_fields(struct exchange *x)
{
    struct dav_result result = DAV_FINE;
    for (size_t i = 0; i < known.reader_count && dav_is_fine(result); i++) {
        const struct dav_extension *row = known.rows[known.readers[i]];
        if (has_field(x, row->fields) && dav_extension_is_on(x, known.readers[i]))
            result = row->read(x);
    }
    return result;
}
