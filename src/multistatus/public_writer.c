/* libdavit's writer: multistatus/writer.c behind checks. The pieces there append to a buffer that
 * ends the process when memory runs out, and write what they are told; here each call first sees
 * whether it makes sense where the body is, then reserves the most that the piece can need, and
 * only then appends: within room that is there, nothing can fail.
 *
 *     BEFORE -begin-> TOP -response-> HREFS -status-> SAID -location, other-> TAIL
 *                      ^               |               ^                       |
 *                      |            propstat           | condition,            |
 *                      |               v               | description           |
 *                      |             PROPS -status-> PROP_SAID -propstat_end-> BETWEEN
 *                      +------- response, end: closes what is open ---------- any
 *
 * A response needs a status or a propstat, a propstat a status: closing one that has none is a
 * misuse, like anything else that the chart does not show. copy() writes what it is given, also
 * what lacks something: it passes on another server's body, and must not make up what is not
 * there. */
#include "davit/multistatus.h"

#include "base/mem.h"
#include "multistatus/keep.h"
#include "multistatus/writer.h"
#include "xml/writer.h"

enum state { BEFORE, TOP, HREFS, PROPS, PROP_SAID, BETWEEN, SAID, TAIL, HEAD_SAID, OVER };

enum { PIECE_BYTES = 256, ESCAPED_BYTES_MAX = 6 };

struct davit_ms_writer {
    struct buf out;
    struct multistatus ms;
    enum state state;
    enum davit_ms_rc rc;
    bool is_error_open;
    bool is_described;
};

struct davit_ms_writer *davit_ms_writer_new(void)
{
    struct davit_ms_writer *writer = mem_try_new(1, sizeof(*writer));
    if (writer)
        writer->ms.out = &writer->out;
    return writer;
}

void davit_ms_writer_free(struct davit_ms_writer *writer)
{
    if (!writer)
        return;
    buf_done(&writer->out);
    mem_free(writer);
}

struct davit_ms_text davit_ms_writer_bytes(const struct davit_ms_writer *writer)
{
    return (struct davit_ms_text){writer->out.at, writer->out.len};
}

void davit_ms_writer_clear(struct davit_ms_writer *writer)
{
    buf_clear(&writer->out);
}

const struct davit_ms_verdict *davit_ms_writer_verdict(const struct davit_ms_writer *writer)
{
    return &writer->ms.verdict;
}

/* --- checks --- */

static enum davit_ms_rc fail(struct davit_ms_writer *writer, enum davit_ms_rc rc)
{
    if (writer->rc == DAVIT_MS_OK)
        writer->rc = rc;
    return writer->rc;
}

/* Room for a piece that holds `len` bytes of somebody's text. */
static bool has_room(struct davit_ms_writer *writer, size_t len)
{
    size_t need;
    if (writer->rc != DAVIT_MS_OK)
        return false;
    if (__builtin_mul_overflow(len, ESCAPED_BYTES_MAX, &need) ||
        __builtin_add_overflow(need, PIECE_BYTES, &need) || !buf_try_reserve(&writer->out, need))
        (void)fail(writer, DAVIT_MS_NO_MEMORY);
    return writer->rc == DAVIT_MS_OK;
}

/* Nothing in it ends a name within a tag. Whether XML calls it a name is left to who reads. */
static bool is_name(struct davit_ms_text name)
{
    static const uint64_t ends[4] = {
        /* control characters, space, and these; a bit for each */
        0xffffffffU | 1ULL << ' ' | 1ULL << '!' | 1ULL << '"' | 1ULL << '&' | 1ULL << '\'' |
            1ULL << '/' | 1ULL << ':' | 1ULL << ';' | 1ULL << '<' | 1ULL << '=' | 1ULL << '>' |
            1ULL << '?',
    };
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.at[i];
        if (ends[c >> 6] >> (c & 63) & 1)
            return false;
    }
    return true;
}

static bool is_element(const struct davit_ms_element *element)
{
    return element->name.len && is_name(element->name) && is_name(element->prefix) &&
           (element->ns.len || !element->prefix.len);
}

/* No overflow: these lie in memory, side by side. */
static size_t element_len(const struct davit_ms_element *element)
{
    return element->ns.len + 2 * (element->name.len + element->prefix.len) + element->lang.len +
           element->attributes.len + element->text.len + element->value.len;
}

/* --- closing --- */

static void close_error(struct davit_ms_writer *writer)
{
    if (writer->is_error_open)
        BUF_ADD(&writer->out, "</D:error>");
    writer->is_error_open = false;
}

static void close_propstat(struct davit_ms_writer *writer)
{
    close_error(writer);
    BUF_ADD(&writer->out, "</D:propstat>");
    writer->is_described = false;
    writer->state = BETWEEN;
}

/* Ends the propstat and the response that are open. False: one lacks its status. */
static bool close_response(struct davit_ms_writer *writer)
{
    if (!has_room(writer, 0))
        return false;
    if (writer->state == PROP_SAID)
        close_propstat(writer);
    if (writer->state == TOP)
        return true;
    if (writer->state != BETWEEN && writer->state != SAID && writer->state != TAIL)
        return fail(writer, DAVIT_MS_MISUSE) == DAVIT_MS_OK;
    close_error(writer);
    multistatus_response_end(&writer->ms);
    writer->state = TOP;
    return true;
}

/* --- pieces --- */

enum davit_ms_rc davit_ms_writer_begin(struct davit_ms_writer *writer)
{
    if (writer->state != BEFORE)
        return fail(writer, DAVIT_MS_MISUSE);
    if (has_room(writer, 0)) {
        multistatus_begin(&writer->ms);
        writer->state = TOP;
    }
    return writer->rc;
}

enum davit_ms_rc davit_ms_writer_response(struct davit_ms_writer *writer, struct davit_ms_text href)
{
    if (close_response(writer) && has_room(writer, href.len)) {
        multistatus_response_uri(&writer->ms, str_of_text(href));
        writer->is_described = false;
        writer->state = HREFS;
    }
    return writer->rc;
}

enum davit_ms_rc davit_ms_writer_href(struct davit_ms_writer *writer, struct davit_ms_text href)
{
    if (writer->state != HREFS)
        return fail(writer, DAVIT_MS_MISUSE);
    if (has_room(writer, href.len))
        multistatus_href(&writer->ms, str_of_text(href));
    return writer->rc;
}

enum davit_ms_rc davit_ms_writer_propstat(struct davit_ms_writer *writer)
{
    bool is_alone = writer->ms.member_count == 1; /* §14.24: several hrefs have a status */
    if (!has_room(writer, 0))
        return writer->rc;
    if (writer->state == PROP_SAID)
        close_propstat(writer);
    if (!is_alone || writer->is_error_open || writer->is_described ||
        (writer->state != HREFS && writer->state != BETWEEN))
        return fail(writer, DAVIT_MS_MISUSE);
    multistatus_propstat(&writer->ms);
    writer->state = PROPS;
    return writer->rc;
}

enum davit_ms_rc davit_ms_writer_prop(struct davit_ms_writer *writer,
                                      const struct davit_ms_element *prop)
{
    if (writer->state != PROPS || !is_element(prop))
        return fail(writer, DAVIT_MS_MISUSE);
    if (has_room(writer, element_len(prop)))
        multistatus_element(&writer->out, prop);
    return writer->rc;
}

enum davit_ms_rc davit_ms_writer_status(struct davit_ms_writer *writer, unsigned status)
{
    if ((writer->state != PROPS && writer->state != HREFS) || status < 100 || status > 999)
        return fail(writer, DAVIT_MS_MISUSE);
    if (!has_room(writer, 0))
        return writer->rc;
    if (writer->state == HREFS) {
        multistatus_status(&writer->ms, status, STR_NONE);
        writer->state = SAID;
        return writer->rc;
    }
    BUF_ADD(&writer->out, "</D:prop>");
    multistatus_prop_status(&writer->ms, status);
    writer->state = PROP_SAID;
    return writer->rc;
}

static bool has_said(const struct davit_ms_writer *writer)
{
    return writer->state == PROP_SAID || writer->state == BETWEEN || writer->state == SAID;
}

enum davit_ms_rc davit_ms_writer_condition(struct davit_ms_writer *writer,
                                           const struct davit_ms_element *condition)
{
    if (!has_said(writer) || writer->is_described || !is_element(condition))
        return fail(writer, DAVIT_MS_MISUSE);
    if (!has_room(writer, element_len(condition)))
        return writer->rc;
    if (!writer->is_error_open)
        BUF_ADD(&writer->out, "<D:error>");
    writer->is_error_open = true;
    multistatus_element(&writer->out, condition);
    return writer->rc;
}

enum davit_ms_rc davit_ms_writer_description(struct davit_ms_writer *writer,
                                             struct davit_ms_text text, struct davit_ms_text lang)
{
    if (!has_said(writer) || writer->is_described)
        return fail(writer, DAVIT_MS_MISUSE);
    if (!has_room(writer, text.len + lang.len))
        return writer->rc;
    close_error(writer);
    multistatus_description(&writer->out, str_of_text(text), str_of_text(lang));
    writer->is_described = true;
    return writer->rc;
}

enum davit_ms_rc davit_ms_writer_propstat_end(struct davit_ms_writer *writer)
{
    if (writer->state != PROP_SAID)
        return fail(writer, DAVIT_MS_MISUSE);
    if (has_room(writer, 0))
        close_propstat(writer);
    return writer->rc;
}

/* Behind all that is said of a response. */
static bool begin_tail(struct davit_ms_writer *writer, size_t len)
{
    if (!has_room(writer, len))
        return false;
    if (writer->state == PROP_SAID)
        close_propstat(writer);
    if (writer->state != BETWEEN && writer->state != SAID && writer->state != TAIL)
        return fail(writer, DAVIT_MS_MISUSE) == DAVIT_MS_OK;
    close_error(writer);
    writer->state = TAIL;
    return true;
}

enum davit_ms_rc davit_ms_writer_location(struct davit_ms_writer *writer, struct davit_ms_text href)
{
    if (begin_tail(writer, href.len))
        multistatus_location(&writer->out, str_of_text(href));
    return writer->rc;
}

enum davit_ms_rc davit_ms_writer_other(struct davit_ms_writer *writer,
                                       const struct davit_ms_element *other)
{
    if (!is_element(other))
        return fail(writer, DAVIT_MS_MISUSE);
    if (begin_tail(writer, element_len(other)))
        multistatus_element(&writer->out, other);
    return writer->rc;
}

enum davit_ms_rc davit_ms_writer_head_description(struct davit_ms_writer *writer,
                                                  struct davit_ms_text text,
                                                  struct davit_ms_text lang)
{
    if (!close_response(writer))
        return writer->rc;
    if (has_room(writer, text.len + lang.len)) {
        multistatus_description(&writer->out, str_of_text(text), str_of_text(lang));
        writer->state = HEAD_SAID;
    }
    return writer->rc;
}

enum davit_ms_rc davit_ms_writer_sync_token(struct davit_ms_writer *writer,
                                            struct davit_ms_text token)
{
    if (writer->state != HEAD_SAID && !close_response(writer))
        return writer->rc;
    if (has_room(writer, token.len)) {
        multistatus_sync_token(&writer->out, str_of_text(token));
        writer->state = HEAD_SAID;
    }
    return writer->rc;
}

enum davit_ms_rc davit_ms_writer_end(struct davit_ms_writer *writer)
{
    if (writer->state != HEAD_SAID && !close_response(writer))
        return writer->rc;
    if (has_room(writer, 0)) {
        multistatus_end(&writer->ms);
        writer->ms.verdict.is_complete = true;
        writer->state = OVER;
    }
    return writer->rc;
}

/* --- copies --- */

/* A status as another server said it: what is no status line stays what it is. */
static bool copy_status(struct davit_ms_writer *writer, unsigned status, struct davit_ms_text line)
{
    if (!has_room(writer, line.len))
        return false;
    if (status) {
        multistatus_prop_status(&writer->ms, status);
    } else if (line.len) {
        BUF_ADD(&writer->out, "<D:status>");
        xml_add_text(&writer->out, str_of_text(line));
        BUF_ADD(&writer->out, "</D:status>");
    }
    return true;
}

static bool copy_element(struct davit_ms_writer *writer, const struct davit_ms_element *element)
{
    if (!is_element(element))
        return fail(writer, DAVIT_MS_MISUSE) == DAVIT_MS_OK;
    if (!has_room(writer, element_len(element)))
        return false;
    multistatus_element(&writer->out, element);
    return true;
}

static bool copy_reason(struct davit_ms_writer *writer, const struct davit_ms_reason *reason)
{
    struct davit_ms_text text = reason->description;
    struct davit_ms_text lang = reason->description_lang;
    if (!has_room(writer, text.len + lang.len))
        return false;
    if (reason->condition_count)
        BUF_ADD(&writer->out, "<D:error>");
    for (size_t i = 0; i < reason->condition_count; i++) {
        if (!copy_element(writer, &reason->conditions[i]))
            return false;
    }
    if (!has_room(writer, text.len + lang.len))
        return false;
    if (reason->condition_count)
        BUF_ADD(&writer->out, "</D:error>");
    if (text.len || lang.len)
        multistatus_description(&writer->out, str_of_text(text), str_of_text(lang));
    return true;
}

static bool copy_propstat(struct davit_ms_writer *writer, const struct davit_ms_propstat *propstat)
{
    if (!has_room(writer, 0))
        return false;
    multistatus_propstat(&writer->ms);
    for (size_t i = 0; i < propstat->prop_count; i++) {
        if (!copy_element(writer, &propstat->props[i]))
            return false;
    }
    if (!has_room(writer, 0))
        return false;
    BUF_ADD(&writer->out, "</D:prop>");
    if (!copy_status(writer, propstat->status, propstat->status_line) ||
        !copy_reason(writer, &propstat->reason) || !has_room(writer, 0))
        return false;
    BUF_ADD(&writer->out, "</D:propstat>");
    return true;
}

static bool copy_hrefs(struct davit_ms_writer *writer, const struct davit_ms_response *response)
{
    if (!has_room(writer, 0))
        return false;
    BUF_ADD(&writer->out, "<D:response>");
    for (size_t i = 0; i < response->href_count; i++) {
        if (!has_room(writer, response->hrefs[i].uri.len))
            return false;
        multistatus_href(&writer->ms, str_of_text(response->hrefs[i].uri));
    }
    return true;
}

static bool copy_parts(struct davit_ms_writer *writer, const struct davit_ms_response *response)
{
    if (!copy_hrefs(writer, response))
        return false;
    for (size_t i = 0; i < response->propstat_count; i++) {
        if (!copy_propstat(writer, &response->propstats[i]))
            return false;
    }
    if (!copy_status(writer, response->status, response->status_line) ||
        !copy_reason(writer, &response->reason) || !has_room(writer, response->location.len))
        return false;
    if (response->location.len)
        multistatus_location(&writer->out, str_of_text(response->location));
    for (size_t i = 0; i < response->other_count; i++) {
        if (!copy_element(writer, &response->others[i]))
            return false;
    }
    return has_room(writer, 0);
}

enum davit_ms_rc davit_ms_writer_copy(struct davit_ms_writer *writer,
                                      const struct davit_ms_response *response)
{
    if (!close_response(writer))
        return writer->rc;
    if (copy_parts(writer, response)) {
        writer->ms.member_status = davit_ms_response_status(response);
        writer->ms.member_count = response->href_count ? (unsigned)response->href_count : 1;
        multistatus_response_end(&writer->ms);
    }
    return writer->rc;
}
