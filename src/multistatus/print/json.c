/* The formats json, jsonl and csv: for programs. What is empty is left out, so that a plain listing
 * stays plain; what is there has the same name in both JSON formats. An object of a member begins
 * with what scripts look for: hrefs, status, ok.
 *
 * JSON of both kinds is for any number of members: each is written when it comes. The verdict of
 * the one document stands behind them, where it is known. CSV is one row a member, as spreadsheets
 * want it (RFC 4180): what several properties or conditions share a cell is separated by commas. */
#include "text/json.h"

#include "http/status.h"
#include "multistatus/print/printer_priv.h"

static void add_text(struct buf *to, const char *name, struct davit_ms_text text)
{
    if (text.len)
        json_add_member(to, str_of_c(name), str_of_text(text));
}

static void add_element(struct buf *to, const struct davit_ms_element *element)
{
    json_add_comma(to);
    buf_add_char(to, '{');
    json_add_member(to, STR("ns"), str_of_text(element->ns));
    json_add_member(to, STR("name"), str_of_text(element->name));
    add_text(to, "lang", element->lang);
    add_text(to, "attributes", element->attributes);
    if (element->has_elements)
        json_add_member(to, STR("xml"), str_of_text(element->value));
    else
        add_text(to, "text", element->text);
    buf_add_char(to, '}');
}

static void add_elements(struct buf *to, const char *name, const struct davit_ms_element *elements,
                         size_t count)
{
    if (count == 0)
        return;
    json_add_name(to, str_of_c(name));
    buf_add_char(to, '[');
    for (size_t i = 0; i < count; i++)
        add_element(to, &elements[i]);
    buf_add_char(to, ']');
}

static void add_reason(struct buf *to, const struct davit_ms_reason *reason)
{
    add_elements(to, "conditions", reason->conditions, reason->condition_count);
    add_text(to, "description", reason->description);
    add_text(to, "description_lang", reason->description_lang);
}

static void add_propstat(struct buf *to, const struct printer_filter *filter,
                         const struct davit_ms_propstat *propstat)
{
    json_add_comma(to);
    buf_add_char(to, '{');
    json_add_number(to, STR("status"), propstat->status);
    json_add_name(to, STR("properties"));
    buf_add_char(to, '[');
    for (size_t i = 0; i < propstat->prop_count; i++) {
        if (printer_shows_prop(filter, &propstat->props[i]))
            add_element(to, &propstat->props[i]);
    }
    buf_add_char(to, ']');
    add_reason(to, &propstat->reason);
    buf_add_char(to, '}');
}

void printer_add_json(struct buf *to, const struct printer_filter *filter,
                      const struct davit_ms_response *response)
{
    unsigned status = printer_status_of(filter, response);
    json_add_name(to, STR("hrefs"));
    buf_add_char(to, '[');
    for (size_t i = 0; i < response->href_count; i++) {
        json_add_comma(to);
        json_add(to, str_of_text(response->hrefs[i].uri));
    }
    buf_add_char(to, ']');
    json_add_number(to, STR("status"), status);
    json_add_bool(to, STR("ok"), http_is_success(status));
    add_reason(to, &response->reason);
    add_text(to, "location", response->location);
    if (response->propstat_count) {
        json_add_name(to, STR("propstats"));
        buf_add_char(to, '[');
        for (size_t i = 0; i < response->propstat_count; i++)
            add_propstat(to, filter, &response->propstats[i]);
        buf_add_char(to, ']');
    }
    add_elements(to, "others", response->others, response->other_count);
}

static void add_response(struct buf *to, const struct printer_filter *filter,
                         const struct davit_ms_response *response)
{
    buf_add_char(to, '{');
    printer_add_json(to, filter, response);
    buf_add_char(to, '}');
}

/* --- jsonl --- */

static void jsonl_begin(struct printer *printer)
{
    (void)printer; /* each line stands alone */
}

static void jsonl_response(struct printer *printer, const struct davit_ms_response *response)
{
    add_response(printer->out, &printer->options->filter, response);
    buf_add_char(printer->out, '\n');
}

static void jsonl_end(struct printer *printer, const struct printer_end *end)
{
    (void)printer, (void)end; /* the exit status says it */
}

const struct printer_ops printer_jsonl = {
    "jsonl", sizeof(struct printer), jsonl_begin, jsonl_response, jsonl_end, NULL};

/* --- json --- */

static void json_begin(struct printer *printer)
{
    BUF_ADD(printer->out, "{\"members\":[");
}

struct json_view {
    struct printer printer;
    bool has_any;
};

static void json_response(struct printer *printer, const struct davit_ms_response *response)
{
    struct json_view *json = CONTAINER_OF(printer, struct json_view, printer);
    buf_add(printer->out, json->has_any ? STR(",\n") : STR("\n"));
    json->has_any = true;
    add_response(printer->out, &printer->options->filter, response);
}

static void add_verdict(struct buf *to, const struct printer_end *end)
{
    const struct davit_ms_verdict *verdict = end->verdict;
    struct buf summary = {0};
    if (end->status)
        buf_add_u64(&summary, end->status);
    else
        printer_add_summary(&summary, verdict);
    buf_add_char(to, '{');
    json_add_member(to, STR("summary"), buf_str(&summary));
    json_add_bool(to, STR("complete"), verdict->is_complete || end->status);
    json_add_number(to, STR("members"), verdict->member_count);
    json_add_number(to, STR("ok"), verdict->success_count);
    json_add_number(to, STR("worst"), verdict->worst);
    json_add_name(to, STR("failures"));
    buf_add_char(to, '[');
    for (size_t i = 0; i < verdict->failure_count; i++) {
        json_add_comma(to);
        buf_add_char(to, '{');
        json_add_number(to, STR("status"), verdict->failures[i].status);
        json_add_number(to, STR("count"), verdict->failures[i].count);
        buf_add_char(to, '}');
    }
    BUF_ADD(to, "]}");
    buf_done(&summary);
}

static void json_end(struct printer *printer, const struct printer_end *end)
{
    struct buf *to = printer->out;
    BUF_ADD(to, "\n],\n\"verdict\":");
    add_verdict(to, end);
    add_text(to, "description", end->head->description);
    add_text(to, "description_lang", end->head->description_lang);
    add_text(to, "sync_token", end->head->sync_token);
    BUF_ADD(to, "}\n");
}

const struct printer_ops printer_json = {
    "json", sizeof(struct json_view), json_begin, json_response, json_end, NULL};

/* --- csv (RFC 4180) --- */

static void add_field(struct buf *to, struct str text)
{
    bool is_plain = str_index(text, ',') == text.len && str_index(text, '"') == text.len &&
                    str_index(text, '\n') == text.len && str_index(text, '\r') == text.len;
    if (is_plain) {
        buf_add(to, text);
        return;
    }
    buf_add_char(to, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"')
            buf_add_char(to, '"');
        buf_add_char(to, text.at[i]);
    }
    buf_add_char(to, '"');
}

static void csv_begin(struct printer *printer)
{
    const struct printer_filter *filter = &printer->options->filter;
    BUF_ADD(printer->out, "status,href,failed,condition,description");
    for (size_t i = 0; i < filter->prop_count; i++) {
        buf_add_char(printer->out, ',');
        add_field(printer->out, filter->props[i].name);
    }
    BUF_ADD(printer->out, "\r\n");
}

static void csv_row(struct printer *printer, const struct davit_ms_response *response,
                    struct str href)
{
    const struct printer_filter *filter = &printer->options->filter;
    struct buf cell = {0};
    buf_addf(printer->out, "%u,", printer_status_of(filter, response));
    add_field(printer->out, href);
    buf_add_char(printer->out, ',');
    printer_add_failed_props(&cell, filter, response);
    add_field(printer->out, buf_str(&cell));
    buf_add_char(printer->out, ',');
    buf_clear(&cell);
    printer_add_conditions(&cell, response);
    add_field(printer->out, buf_str(&cell));
    buf_add_char(printer->out, ',');
    buf_clear(&cell);
    printer_add_descriptions(&cell, response);
    add_field(printer->out, buf_str(&cell));
    for (size_t i = 0; i < filter->prop_count; i++) {
        buf_add_char(printer->out, ',');
        add_field(printer->out, printer_found_value(&filter->props[i], response));
    }
    BUF_ADD(printer->out, "\r\n");
    buf_done(&cell);
}

static void csv_response(struct printer *printer, const struct davit_ms_response *response)
{
    if (response->href_count == 0)
        csv_row(printer, response, STR_NONE);
    for (size_t i = 0; i < response->href_count; i++)
        csv_row(printer, response, str_of_text(response->hrefs[i].uri));
}

static void csv_end(struct printer *printer, const struct printer_end *end)
{
    (void)printer, (void)end; /* a row for each member, and nothing else */
}

const struct printer_ops printer_csv = {
    "csv", sizeof(struct printer), csv_begin, csv_response, csv_end, NULL};
