#include "support/ms_model.h"

#include "multistatus/verdict.h"

static void add_text(struct buf *to, const char *name, struct davit_ms_text text)
{
    if (text.len)
        buf_addf(to, " %s='%.*s'", name, int_of_size(text.len), text.at);
}

static void add_elements(struct buf *to, const char *what, const struct davit_ms_element *elements,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct davit_ms_element *element = &elements[i];
        buf_addf(to, "\n    %s {%s}%s", what, element->ns.at, element->name.at);
        add_text(to, "lang", element->lang);
        add_text(to, "attributes", element->attributes);
        add_text(to, "text", element->text);
        if (element->has_elements)
            add_text(to, "xml", element->value);
    }
}

static void add_reason(struct buf *to, const struct davit_ms_reason *reason)
{
    add_elements(to, "condition", reason->conditions, reason->condition_count);
    add_text(to, "description", reason->description);
    add_text(to, "description_lang", reason->description_lang);
}

static void add_status(struct buf *to, unsigned status, struct davit_ms_text line)
{
    buf_addf(to, " %u", status);
    if (!status)
        add_text(to, "line", line);
}

void ms_model_add(struct buf *to, const struct davit_ms_response *response)
{
    BUF_ADD(to, "response");
    for (size_t i = 0; i < response->href_count; i++)
        buf_addf(to, " %s", response->hrefs[i].uri.at);
    add_status(to, response->status, response->status_line);
    add_reason(to, &response->reason);
    add_text(to, "location", response->location);
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        BUF_ADD(to, "\n  propstat");
        add_status(to, propstat->status, propstat->status_line);
        add_elements(to, "prop", propstat->props, propstat->prop_count);
        add_reason(to, &propstat->reason);
    }
    add_elements(to, "other", response->others, response->other_count);
    buf_add_char(to, '\n');
}

/* Feeds the next step of *body, or says that there is no more. */
static enum davit_ms_rc feed(struct davit_ms_reader *reader, struct str *body, size_t step)
{
    struct str piece = str_first(*body, step);
    if (body->len == 0)
        return davit_ms_reader_finish(reader);
    *body = str_from(*body, piece.len);
    return davit_ms_reader_feed(reader, piece.at, piece.len);
}

enum davit_ms_rc ms_model_read(struct buf *to, struct str body, size_t step,
                               const struct davit_ms_options *options)
{
    struct davit_ms_reader *reader = davit_ms_reader_new(options);
    enum davit_ms_rc rc = reader ? DAVIT_MS_MORE : DAVIT_MS_NO_MEMORY;
    const struct davit_ms_response *response;
    while (rc == DAVIT_MS_MORE) {
        rc = feed(reader, &body, step);
        if (rc != DAVIT_MS_OK)
            break;
        while ((rc = davit_ms_reader_next(reader, &response)) == DAVIT_MS_RESPONSE)
            ms_model_add(to, response);
    }
    if (!reader)
        return rc;
    const struct davit_ms_head *head = davit_ms_reader_head(reader);
    BUF_ADD(to, "head");
    add_text(to, "description", head->description);
    add_text(to, "description_lang", head->description_lang);
    add_text(to, "sync_token", head->sync_token);
    BUF_ADD(to, "\nverdict ");
    verdict_format(davit_ms_reader_verdict(reader), to);
    buf_addf(to, " worst=%u %d\n", davit_ms_reader_verdict(reader)->worst, rc);
    davit_ms_reader_free(reader);
    return rc;
}

static void write_head(struct davit_ms_writer *writer, const struct davit_ms_head *head)
{
    if (head->description.len)
        (void)davit_ms_writer_head_description(writer, head->description,
                                               head->description_lang); /* end() tells */
    if (head->sync_token.len)
        (void)davit_ms_writer_sync_token(writer, head->sync_token); /* likewise */
}

enum davit_ms_rc ms_model_copy(struct buf *to, struct str body)
{
    struct davit_ms_reader *reader = davit_ms_reader_new(NULL);
    struct davit_ms_writer *writer = davit_ms_writer_new();
    const struct davit_ms_response *response;
    enum davit_ms_rc rc = DAVIT_MS_NO_MEMORY;
    if (reader && writer) {
        (void)davit_ms_writer_begin(writer);                   /* end() tells */
        (void)davit_ms_reader_feed(reader, body.at, body.len); /* next() tells */
        while ((rc = davit_ms_reader_next(reader, &response)) == DAVIT_MS_RESPONSE)
            (void)davit_ms_writer_copy(writer, response); /* end() tells */
        if (rc == DAVIT_MS_MORE)
            rc = davit_ms_reader_finish(reader);
        write_head(writer, davit_ms_reader_head(reader));
        enum davit_ms_rc written = davit_ms_writer_end(writer);
        if (rc == DAVIT_MS_END && written != DAVIT_MS_OK)
            rc = written;
        struct davit_ms_text bytes = davit_ms_writer_bytes(writer);
        buf_add(to, str_of(bytes.at, bytes.len));
    }
    davit_ms_reader_free(reader);
    davit_ms_writer_free(writer);
    return rc;
}
