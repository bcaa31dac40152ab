/* The formats by name, the filters, and the texts that several formats share.
 *
 * A filter looks at a response as a whole: its status, and those of its properties. What is left
 * out still counts: the verdict, and with it the exit status of `davit read`, is about the body and
 * not about what is shown of it.
 *
 * Texts that stand in a table, a CSV file or a comparison are made here, so that a property or a
 * condition is called the same everywhere: by its local name where it is of DAV:, otherwise with
 * its namespace in braces. */
#include "base/mem.h"
#include "http/status.h"
#include "multistatus/print/printer_priv.h"
#include "multistatus/verdict.h"
#include "text/glob.h"
#include "text/path.h"

static const struct printer_ops *const formats[] = {
    &printer_table, &printer_json, &printer_jsonl, &printer_csv, &printer_summary, &printer_xml};

struct printer *printer_new(const char *format, const struct printer_options *options,
                            struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (strcmp(formats[i]->name, format) != 0)
            continue;
        struct printer *printer = mem_new(1, formats[i]->bytes);
        printer->ops = formats[i];
        printer->options = options;
        printer->out = out;
        return printer;
    }
    return NULL;
}

void printer_free(struct printer *printer)
{
    if (printer && printer->ops->done)
        printer->ops->done(printer);
    mem_free(printer);
}

void printer_begin(struct printer *printer)
{
    printer->ops->begin(printer);
}

void printer_response(struct printer *printer, const struct davit_ms_response *response)
{
    if (printer_shows(&printer->options->filter, response))
        printer->ops->response(printer, response);
}

void printer_end(struct printer *printer, const struct printer_end *end)
{
    printer->ops->end(printer, end);
}

/* --- filters --- */

static bool parse_status(struct str text, struct printer_status *status_out)
{
    uint64_t status;
    if (text.len != 3)
        return false;
    if (str_ends(text, STR("xx")) && text.at[0] >= '1' && text.at[0] <= '5') {
        unsigned from = (unsigned)(text.at[0] - '0') * 100;
        *status_out = (struct printer_status){from, from + 99};
        return true;
    }
    if (!str_parse_u64(text, &status))
        return false;
    *status_out = (struct printer_status){(unsigned)status, (unsigned)status};
    return true;
}

bool printer_filter_add_status(struct printer_filter *filter, struct str text)
{
    do {
        if (filter->status_count == PRINTER_STATUSES_MAX ||
            !parse_status(str_cut(&text, ','), &filter->statuses[filter->status_count]))
            return false;
        filter->status_count++;
    } while (text.len);
    return true;
}

bool printer_filter_add_prop(struct printer_filter *filter, struct str text)
{
    struct printer_prop prop = {.name = text};
    if (str_starts(text, STR("{"))) {
        prop.name = str_from(text, 1);
        prop.ns = str_cut(&prop.name, '}');
    }
    if (prop.name.len == 0 || filter->prop_count == PRINTER_PROPS_MAX)
        return false;
    filter->props[filter->prop_count++] = prop;
    return true;
}

unsigned printer_status_of(const struct printer_filter *filter,
                           const struct davit_ms_response *response)
{
    unsigned status = davit_ms_response_status(response);
    if (!filter->is_strict || !http_is_success(status) || response->status)
        return status;
    for (size_t i = 0; i < response->propstat_count; i++) {
        if (response->propstats[i].status == HTTP_NOT_FOUND)
            return HTTP_NOT_FOUND;
    }
    return status;
}

static bool is_wanted_status(const struct printer_filter *filter, unsigned status)
{
    for (size_t i = 0; i < filter->status_count; i++) {
        if (status >= filter->statuses[i].from && status <= filter->statuses[i].to)
            return true;
    }
    return false;
}

static bool has_status(const struct printer_filter *filter,
                       const struct davit_ms_response *response)
{
    if (is_wanted_status(filter, response->status))
        return true;
    for (size_t i = 0; i < response->propstat_count; i++) {
        if (is_wanted_status(filter, response->propstats[i].status))
            return true;
    }
    return false;
}

/* As it stands there, or with its triplets decoded. */
static bool href_matches(struct str glob, struct str href)
{
    struct arena arena = {0};
    struct buf decoded = {0};
    struct res_path path;
    bool has_slash;
    bool matches = glob_matches(glob, href);
    if (!matches && path_decode(&arena, href, &path, &has_slash) == PATH_OK) {
        buf_add_char(&decoded, '/');
        buf_add(&decoded, path_str(path));
        if (has_slash && path.len)
            buf_add_char(&decoded, '/');
        matches = glob_matches(glob, buf_str(&decoded));
    }
    buf_done(&decoded);
    arena_done(&arena);
    return matches;
}

static bool has_href(const struct printer_filter *filter, const struct davit_ms_response *response)
{
    for (size_t i = 0; i < response->href_count; i++) {
        if (href_matches(filter->href, str_of_text(response->hrefs[i].uri)))
            return true;
    }
    return false;
}

bool printer_shows_prop(const struct printer_filter *filter, const struct davit_ms_element *prop)
{
    for (size_t i = 0; i < filter->prop_count; i++) {
        const struct printer_prop *wanted = &filter->props[i];
        if (str_eq(wanted->name, str_of_text(prop->name)) &&
            (!wanted->ns.at || str_eq(wanted->ns, str_of_text(prop->ns))))
            return true;
    }
    return filter->prop_count == 0;
}

static bool has_prop(const struct printer_filter *filter, const struct davit_ms_response *response)
{
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        for (size_t k = 0; k < propstat->prop_count; k++) {
            if (printer_shows_prop(filter, &propstat->props[k]))
                return true;
        }
    }
    return false;
}

bool printer_shows(const struct printer_filter *filter, const struct davit_ms_response *response)
{
    if (filter->is_failed && http_is_success(printer_status_of(filter, response)))
        return false;
    if (filter->status_count && !has_status(filter, response))
        return false;
    if (filter->href.len && !has_href(filter, response))
        return false;
    return !filter->prop_count || has_prop(filter, response);
}

/* --- texts --- */

void printer_add_summary(struct buf *to, const struct davit_ms_verdict *verdict)
{
    BUF_ADD(to, "207(");
    verdict_format(verdict, to);
    buf_add_char(to, ')');
}

void printer_add_status(struct buf *to, unsigned status)
{
    if (!status) {
        BUF_ADD(to, "none");
        return;
    }
    buf_add_u64(to, status);
    buf_add_char(to, ' ');
    buf_add(to, http_reason(status));
}

void printer_add_prop_name(struct buf *to, const struct davit_ms_element *prop)
{
    struct str ns = str_of_text(prop->ns);
    if (!str_eq(ns, STR("DAV:"))) {
        buf_add_char(to, '{');
        buf_add(to, ns);
        buf_add_char(to, '}');
    }
    buf_add(to, str_of_text(prop->name));
}

static void add_separator(struct buf *to, size_t start, struct str separator)
{
    if (to->len > start)
        buf_add(to, separator);
}

void printer_add_failed_props(struct buf *to, const struct printer_filter *filter,
                              const struct davit_ms_response *response)
{
    size_t start = to->len;
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        if (http_is_success(propstat->status))
            continue;
        bool has_any = false;
        for (size_t k = 0; k < propstat->prop_count; k++) {
            if (!printer_shows_prop(filter, &propstat->props[k]))
                continue;
            add_separator(to, start, STR(", "));
            printer_add_prop_name(to, &propstat->props[k]);
            has_any = true;
        }
        if (has_any) {
            buf_add_char(to, ' ');
            if (propstat->status)
                buf_add_u64(to, propstat->status);
            else
                BUF_ADD(to, "none");
        }
    }
}

static void add_conditions_of(struct buf *to, size_t start, const struct davit_ms_reason *reason)
{
    for (size_t i = 0; i < reason->condition_count; i++) {
        add_separator(to, start, STR(", "));
        printer_add_prop_name(to, &reason->conditions[i]);
    }
}

void printer_add_conditions(struct buf *to, const struct davit_ms_response *response)
{
    size_t start = to->len;
    add_conditions_of(to, start, &response->reason);
    for (size_t i = 0; i < response->propstat_count; i++)
        add_conditions_of(to, start, &response->propstats[i].reason);
}

static void add_description_of(struct buf *to, size_t start, const struct davit_ms_reason *reason)
{
    if (!reason->description.len)
        return;
    add_separator(to, start, STR("; "));
    buf_add(to, str_of_text(reason->description));
}

void printer_add_descriptions(struct buf *to, const struct davit_ms_response *response)
{
    size_t start = to->len;
    add_description_of(to, start, &response->reason);
    for (size_t i = 0; i < response->propstat_count; i++)
        add_description_of(to, start, &response->propstats[i].reason);
}

struct str printer_found_value(const struct printer_prop *wanted,
                               const struct davit_ms_response *response)
{
    const struct printer_filter one = {.props = {*wanted}, .prop_count = 1};
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        for (size_t k = 0; http_is_success(propstat->status) && k < propstat->prop_count; k++) {
            const struct davit_ms_element *prop = &propstat->props[k];
            if (printer_shows_prop(&one, prop))
                return str_of_text(prop->has_elements ? prop->value : prop->text);
        }
    }
    return STR_NONE;
}

/* --- summary --- */

static void nothing_begins(struct printer *printer)
{
    (void)printer; /* a summary is one line, at the end */
}

static void nothing_for_one(struct printer *printer, const struct davit_ms_response *response)
{
    (void)printer, (void)response; /* the same */
}

static void summary_end(struct printer *printer, const struct printer_end *end)
{
    if (end->status) {
        buf_addf(printer->out, "%u\n", end->status);
        return;
    }
    if (!end->verdict->member_count && !end->verdict->is_complete)
        return; /* this is no multistatus */
    printer_add_summary(printer->out, end->verdict);
    if (!end->verdict->is_complete)
        BUF_ADD(printer->out, " incomplete");
    buf_add_char(printer->out, '\n');
}

const struct printer_ops printer_summary = {
    "summary", sizeof(struct printer), nothing_begins, nothing_for_one, summary_end, NULL};
