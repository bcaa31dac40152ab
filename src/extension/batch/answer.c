/* Each operation is one response, in the order in which they were asked for: its URL, and what a
 * request by itself would have been told, as far as a 207 has a place for it; the rest is in an
 * element of our own, or members of an object:
 *
 *     <D:response><D:href>/a</D:href><D:status>HTTP/1.1 200 OK</D:status>
 *       <V:operation xmlns:V="urn:x-davit" id="1" method="HEAD" status="200">
 *         <V:field name="ETag">"5"</V:field>
 *       </V:operation></D:response>
 *
 * Both forms are written from one struct davit_ms_response: XML as libdavit writes it, JSON as
 * `davit read` does.
 *
 * An operation that failed for the sake of others (a DELETE of a tree, of which a member is locked)
 * is 424 itself, and those are responses within its element: whoever counts only what he knows
 * counts one failure, and finds the reason in it who looks for the operation. It was 207 as a
 * request by itself; a 207 in a 207 would be read as a success.
 *
 * Of those members as many are kept as MEMBERS_BYTES_MAX; of others it is told how many they are.
 *
 * The last that is said is a summary, which is there when all is. */
#include "extension/batch/answer.h"

#include "multistatus/keep.h"
#include "multistatus/print/printer.h"
#include "text/json.h"
#include "xml/writer.h"

enum { MEMBERS_BYTES_MAX = 262144 };

/* What a client wants to know of the answer to one request, and finds nowhere else in a 207. */
static const enum http_field told_fields[] = {
    FIELD_ETAG,       FIELD_LAST_MODIFIED, FIELD_CONTENT_TYPE, FIELD_LOCATION,
    FIELD_LOCK_TOKEN, FIELD_OC_FILEID,     FIELD_X_OC_MTIME,   FIELD_RETRY_AFTER,
};

bool batch_answer_init(struct batch_answer *answer, bool is_json)
{
    *answer = (struct batch_answer){.is_json = is_json, .writer = davit_ms_writer_new()};
    return answer->writer != NULL;
}

void batch_answer_done(struct batch_answer *answer)
{
    davit_ms_writer_free(answer->writer);
    buf_done(&answer->out);
    buf_done(&answer->members);
}

static struct davit_ms_text ms_of(struct str text)
{
    return (struct davit_ms_text){text.at, text.len};
}

/* Appends what the writer has written. It fails for want of memory alone, and then the answer is
 * not complete, nor looks it. */
static void drain(struct batch_answer *answer, struct buf *to)
{
    buf_add(to, str_of_text(davit_ms_writer_bytes(answer->writer)));
    davit_ms_writer_clear(answer->writer);
}

void batch_answer_begin(struct batch_answer *answer)
{
    (void)davit_ms_writer_begin(answer->writer); /* drain() */
    if (!answer->is_json)
        drain(answer, &answer->out);
    else
        BUF_ADD(&answer->out, "{\"operations\":[");
    davit_ms_writer_clear(answer->writer);
}

void batch_answer_member(struct batch_answer *answer, const struct davit_ms_response *response)
{
    static const struct printer_filter all;
    struct buf *to = &answer->members;
    if (to->len > MEMBERS_BYTES_MAX) {
        answer->untold++;
        return;
    }
    if (answer->is_json) {
        if (to->len)
            buf_add_char(to, ',');
        buf_add_char(to, '{');
        printer_add_json(to, &all, response);
        buf_add_char(to, '}');
        return;
    }
    (void)davit_ms_writer_copy(answer->writer, response); /* drain() */
    drain(answer, to);
}

/* --- what only an operation has --- */

struct told {
    struct str name;
    struct str value;
};

enum { TOLD_MAX = ARRAY_LEN(told_fields) + 1, NUMBER_BYTES = 24 };

/* Says how many. */
static size_t find_told(const struct batch_outcome *outcome, char number[NUMBER_BYTES],
                        struct told told_out[TOLD_MAX])
{
    bool is_head = outcome->operation->method->id == METHOD_HEAD;
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(told_fields) && outcome->fields; i++) {
        struct str value = http_fields_get(outcome->fields, told_fields[i]);
        if (!value.at || (told_fields[i] == FIELD_CONTENT_TYPE && !is_head))
            continue;
        told_out[count++] = (struct told){http_field_name(told_fields[i]), value};
    }
    if (outcome->fields && is_head && http_is_success(outcome->status) &&
        outcome->content_bytes != LENGTH_UNKNOWN) {
        str_print(number, NUMBER_BYTES, "%llu", (unsigned long long)outcome->content_bytes);
        told_out[count++] = (struct told){http_field_name(FIELD_CONTENT_LENGTH), str_of_c(number)};
    }
    return count;
}

static void add_attributes(const struct batch_answer *answer, struct buf *to,
                           const struct batch_outcome *outcome)
{
    BUF_ADD(to, " id=\"");
    xml_add_attr(to, outcome->operation->id);
    buf_addf(to, "\" method=\"%.*s\" status=\"%u\"", STR_ARGS(outcome->operation->method->name),
             outcome->status);
    if (answer->untold)
        buf_addf(to, " untold=\"%llu\"", (unsigned long long)answer->untold);
}

static void add_told(struct buf *to, const struct told *told, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_addf(to, "<V:field name=\"%.*s\">", STR_ARGS(told[i].name));
        xml_add_text(to, told[i].value);
        BUF_ADD(to, "</V:field>");
    }
}

/* --- an operation --- */

static void write_xml(struct batch_answer *answer, const struct batch_outcome *outcome,
                      struct davit_ms_response *response)
{
    struct buf attributes = {0}, value = {0};
    struct told told[TOLD_MAX];
    char number[NUMBER_BYTES];
    size_t count = find_told(outcome, number, told);
    add_attributes(answer, &attributes, outcome);
    add_told(&value, told, count);
    buf_add(&value, buf_str(&answer->members));
    const struct davit_ms_element element = {.ns = ms_of(STR(NS_DAVIT)),
                                             .name = ms_of(STR("operation")),
                                             .prefix = ms_of(STR("V")),
                                             .attributes = ms_of(buf_str(&attributes)),
                                             .value = ms_of(buf_str(&value)),
                                             .has_elements = value.len != 0};
    response->others = &element;
    response->other_count = 1;
    (void)davit_ms_writer_copy(answer->writer, response); /* drain() */
    drain(answer, &answer->out);
    buf_done(&attributes);
    buf_done(&value);
}

static void write_json(struct batch_answer *answer, const struct batch_outcome *outcome,
                       const struct davit_ms_response *response)
{
    static const struct printer_filter all;
    struct buf *to = &answer->out;
    struct told told[TOLD_MAX];
    char number[NUMBER_BYTES];
    size_t count = find_told(outcome, number, told);
    buf_add(to, answer->has_any ? STR(",\n{") : STR("\n{"));
    json_add_member(to, STR("id"), outcome->operation->id);
    json_add_member(to, STR("method"), outcome->operation->method->name);
    printer_add_json(to, &all, response);
    if (count) {
        json_add_name(to, STR("fields"));
        buf_add_char(to, '{');
        for (size_t i = 0; i < count; i++)
            json_add_member(to, told[i].name, told[i].value);
        buf_add_char(to, '}');
    }
    if (answer->members.len) {
        json_add_name(to, STR("members"));
        buf_add_char(to, '[');
        buf_add(to, buf_str(&answer->members));
        buf_add_char(to, ']');
    }
    if (answer->untold)
        json_add_number(to, STR("untold"), answer->untold);
    buf_add_char(to, '}');
    answer->has_any = true;
}

/* Whether it is a collection, by what was answered: its URL ends in a slash (RFC 4918 §5.2). */
static bool is_with_slash(const struct batch_outcome *outcome)
{
    const struct davit_ms_response *response = outcome->response;
    bool is_told = outcome->status == HTTP_MULTI_STATUS && response && response->href_count == 1;
    return (is_told && str_ends(str_of_text(response->hrefs[0].uri), STR("/"))) ||
           (outcome->fields &&
            str_ends(http_fields_get(outcome->fields, FIELD_CONTENT_LOCATION), STR("/")));
}

static bool count(struct batch_answer *answer, unsigned status, bool is_skipped)
{
    davit_ms_verdict_add(&answer->verdict, status);
    answer->skipped += is_skipped;
    answer->status = status;
    return http_is_success(status);
}

bool batch_answer_tell_again(struct batch_answer *answer, unsigned status, bool is_skipped)
{
    answer->has_any |= !answer->is_minimal || !http_is_success(status);
    return count(answer, status, is_skipped);
}

bool batch_answer_tell(struct batch_answer *answer, const struct batch_outcome *outcome)
{
    struct davit_ms_response response = {0};
    struct davit_ms_element condition = {0};
    struct buf href = {0};
    struct str ns, name;
    const struct batch_operation *operation = outcome->operation;
    if (outcome->response)
        response = *outcome->response;
    else
        response.status =
            outcome->status == HTTP_MULTI_STATUS ? HTTP_FAILED_DEPENDENCY : outcome->status;
    if (outcome->why.condition) {
        dav_condition_name(outcome->why.condition, &ns, &name);
        condition = (struct davit_ms_element){
            .ns = ms_of(ns), .name = ms_of(name), .value = ms_of(outcome->why.condition_xml)};
        response.reason.conditions = &condition;
        response.reason.condition_count = 1;
    }
    if (outcome->why.text)
        response.reason.description = ms_of(str_of_c(outcome->why.text));
    path_encode(&href, operation->path, operation->has_slash || is_with_slash(outcome));
    const struct davit_ms_href of_operation = {.uri = ms_of(buf_str(&href))};
    response.hrefs = &of_operation;
    response.href_count = 1;
    unsigned status = davit_ms_response_status(&response);
    bool is_success = count(answer, status, outcome->is_skipped);
    if (!answer->is_minimal || !is_success) {
        if (answer->is_json)
            write_json(answer, outcome, &response);
        else
            write_xml(answer, outcome, &response);
    }
    buf_clear(&answer->members);
    answer->untold = 0;
    buf_done(&href);
    return is_success;
}

/* --- the summary --- */

static uint64_t failed_of(const struct batch_answer *answer)
{
    const struct davit_ms_verdict *verdict = &answer->verdict;
    return verdict->member_count - verdict->success_count - answer->skipped;
}

void batch_answer_add_summary(const struct batch_answer *answer, struct buf *to)
{
    const struct davit_ms_verdict *verdict = &answer->verdict;
    buf_addf(to, "total=%llu, ok=%llu, failed=%llu, skipped=%llu, worst=%u",
             (unsigned long long)verdict->member_count, (unsigned long long)verdict->success_count,
             (unsigned long long)failed_of(answer), (unsigned long long)answer->skipped,
             verdict->worst);
}

void batch_answer_end(struct batch_answer *answer)
{
    struct davit_ms_verdict *verdict = &answer->verdict;
    struct buf *to = &answer->out;
    verdict->is_complete = true;
    if (!answer->is_json) {
        buf_addf(to,
                 "<V:summary xmlns:V=\"" NS_DAVIT "\" total=\"%llu\" ok=\"%llu\" failed=\"%llu\" "
                 "skipped=\"%llu\" worst=\"%u\"/></D:multistatus>\n",
                 (unsigned long long)verdict->member_count,
                 (unsigned long long)verdict->success_count, (unsigned long long)failed_of(answer),
                 (unsigned long long)answer->skipped, verdict->worst);
        return;
    }
    BUF_ADD(to, "\n],\"summary\":{");
    json_add_number(to, STR("total"), verdict->member_count);
    json_add_number(to, STR("ok"), verdict->success_count);
    json_add_number(to, STR("failed"), failed_of(answer));
    json_add_number(to, STR("skipped"), answer->skipped);
    json_add_number(to, STR("worst"), verdict->worst);
    BUF_ADD(to, "}}\n");
}
