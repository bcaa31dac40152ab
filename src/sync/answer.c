/* JSON and XML of one call for each member, so that what clients are told stands once.
 *
 * XML says of what is true 1, and of what is false nothing; a member of a list is an <element>. So
 * the servers have it that clients were written for. Most of them read JSON and say so in the
 * query; scripts, and some calls of the phone apps, read XML.
 *
 * All is built in a buffer: no answer here is longer than a few kilobytes. */
#include "sync/answer.h"

#include "exchange/respond.h"
#include "text/json.h"
#include "xml/writer.h"

bool sync_wants_xml(const struct exchange *x)
{
    struct str query = x->stream->request.query;
    while (query.len) {
        struct str part = str_cut(&query, '&');
        if (str_eq(part, STR("format=json")))
            return false;
        if (str_eq(part, STR("format=xml")))
            return true;
    }
    return !str_starts_nocase(exchange_field(x, FIELD_ACCEPT), STR("application/json"));
}

void sync_answer_begin(struct sync_answer *answer, bool is_xml)
{
    *answer = (struct sync_answer){.is_xml = is_xml};
    if (is_xml)
        BUF_ADD(&answer->text, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    else
        buf_add_char(&answer->text, '{');
}

/* --- a member's name --- */

static const char *element_of(const char *name)
{
    return name ? name : "element";
}

static void begin_member(struct sync_answer *answer, const char *name)
{
    if (answer->is_xml)
        buf_addf(&answer->text, "<%s>", element_of(name));
    else if (name)
        json_add_name(&answer->text, str_of_c(name));
    else
        json_add_comma(&answer->text);
}

static void end_member(struct sync_answer *answer, const char *name)
{
    if (answer->is_xml)
        buf_addf(&answer->text, "</%s>", element_of(name));
}

/* --- what has members --- */

static void open(struct sync_answer *answer, const char *name, bool is_list)
{
    assert(answer->depth < SYNC_ANSWER_DEPTH);
    begin_member(answer, name);
    answer->open[answer->depth].name = name;
    answer->open[answer->depth++].is_list = is_list;
    if (!answer->is_xml)
        buf_add_char(&answer->text, is_list ? '[' : '{');
}

void sync_answer_object(struct sync_answer *answer, const char *name)
{
    open(answer, name, false);
}

void sync_answer_list(struct sync_answer *answer, const char *name)
{
    open(answer, name, true);
}

void sync_answer_close(struct sync_answer *answer)
{
    assert(answer->depth > 0);
    answer->depth--;
    if (!answer->is_xml)
        buf_add_char(&answer->text, answer->open[answer->depth].is_list ? ']' : '}');
    end_member(answer, answer->open[answer->depth].name);
}

/* --- values --- */

void sync_answer_text(struct sync_answer *answer, const char *name, struct str text)
{
    begin_member(answer, name);
    if (answer->is_xml)
        xml_add_text(&answer->text, text);
    else
        json_add(&answer->text, text);
    end_member(answer, name);
}

void sync_answer_number(struct sync_answer *answer, const char *name, int64_t number)
{
    begin_member(answer, name);
    buf_addf(&answer->text, "%lld", (long long)number);
    end_member(answer, name);
}

void sync_answer_bool(struct sync_answer *answer, const char *name, bool is_true)
{
    begin_member(answer, name);
    if (answer->is_xml)
        buf_add(&answer->text, is_true ? STR("1") : STR_NONE);
    else
        buf_add(&answer->text, is_true ? STR("true") : STR("false"));
    end_member(answer, name);
}

enum stage_end sync_answer_send(struct sync_answer *answer, struct exchange *x,
                                enum http_status status)
{
    assert(answer->depth == 0);
    if (!answer->is_xml)
        buf_add_char(&answer->text, '}');
    struct str type = answer->is_xml ? STR("application/xml; charset=utf-8")
                                     : STR("application/json; charset=utf-8");
    struct str body = arena_str(x->arena, buf_str(&answer->text));
    buf_done(&answer->text);
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    return respond_text(x, status, type, body);
}
