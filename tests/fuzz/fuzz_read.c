/* What `davit read` does with bytes from anywhere: taking heads off, linting, all printers, all
 * clients' readings, comparing with itself. However the bytes are split, the same comes out; JSON
 * is one line a member; nothing that is shown can steer a terminal. */
#include "base/mem.h"
#include "cli/saved_response.h"
#include "fuzz.h"
#include "multistatus/lint/lint.h"
#include "multistatus/print/diff.h"
#include "multistatus/print/printer.h"
#include "multistatus/reading/reading.h"

static const char *const formats[] = {"table", "json", "jsonl", "csv", "summary", "xml"};
static const char *const clients[] = {"finder", "windows", "gvfs",  "davfs2",
                                      "rclone", "joplin",  "zotero"};

struct pass {
    struct saved_response saved;
    struct saved_response_sink sink;
    struct buf body;
};

static bool on_body(struct saved_response_sink *sink, struct str bytes)
{
    struct pass *pass = CONTAINER_OF(sink, struct pass, sink);
    buf_add(&pass->body, bytes);
    return true;
}

/* The body within what was saved, fed in pieces. */
static void take_body(struct pass *pass, struct str bytes, struct fuzz_random *random)
{
    pass->sink.body = on_body;
    pass->saved.sink = &pass->sink;
    while (bytes.len) {
        struct str piece = str_first(bytes, random ? fuzz_below(random, 50) : bytes.len);
        bytes = str_from(bytes, piece.len);
        FUZZ_CHECK(saved_response_feed(&pass->saved, piece));
    }
    FUZZ_CHECK(saved_response_end(&pass->saved));
}

static void pass_done(struct pass *pass)
{
    saved_response_done(&pass->saved);
    buf_done(&pass->body);
}

struct counter {
    struct lint_sink sink;
    uint64_t count;
};

static void on_finding(struct lint_sink *sink, const struct lint_finding *finding)
{
    struct counter *counter = CONTAINER_OF(sink, struct counter, sink);
    FUZZ_CHECK(finding->rule < LINT_RULE_COUNT);
    counter->count++;
}

static void check_lint(const struct pass *pass)
{
    const struct davit_ms_options options = {.flags = DAVIT_MS_PLACES | DAVIT_MS_ANY_NAMESPACE};
    struct counter counter = {.sink.found = on_finding};
    struct lint *lint = lint_new(&counter.sink, &pass->saved.exchange);
    struct davit_ms_reader *reader = davit_ms_reader_new(&options);
    const struct davit_ms_response *response;
    reader_set_observer(reader, lint_observer(lint));
    lint_body(lint, buf_str(&pass->body));
    FUZZ_CHECK(davit_ms_reader_feed(reader, pass->body.at, pass->body.len) == DAVIT_MS_OK);
    enum davit_ms_rc rc;
    while ((rc = davit_ms_reader_next(reader, &response)) == DAVIT_MS_RESPONSE)
        lint_response(lint, response);
    if (rc == DAVIT_MS_MORE)
        rc = davit_ms_reader_finish(reader);
    lint_end(lint, reader, rc, pass->body.len);
    uint64_t errors = lint_count(lint, LINT_ERROR);
    FUZZ_CHECK(counter.count ==
               errors + lint_count(lint, LINT_WARNING) + lint_count(lint, LINT_NOTE));
    FUZZ_CHECK(rc == DAVIT_MS_END || errors);
    davit_ms_reader_free(reader);
    lint_free(lint);
}

/* Gives each response to a printer, a client's reading or a snapshot: those that are not NULL. */
static enum davit_ms_rc give(const struct pass *pass, struct printer *printer,
                             struct reading *reading, struct snapshot *snapshot)
{
    struct davit_ms_reader *reader = davit_ms_reader_new(NULL);
    const struct davit_ms_response *response;
    FUZZ_CHECK(davit_ms_reader_feed(reader, pass->body.at, pass->body.len) == DAVIT_MS_OK);
    enum davit_ms_rc rc;
    if (reading)
        reading_begin(reading);
    while ((rc = davit_ms_reader_next(reader, &response)) == DAVIT_MS_RESPONSE) {
        if (printer)
            printer_response(printer, response);
        if (reading)
            reading_response(reading, response);
        if (snapshot)
            snapshot_add(snapshot, response);
    }
    if (rc == DAVIT_MS_MORE)
        rc = davit_ms_reader_finish(reader);
    const struct printer_end end = {davit_ms_reader_verdict(reader), davit_ms_reader_head(reader)};
    if (printer)
        printer_end(printer, &end);
    if (reading)
        reading_end(reading, reader, rc, pass->body.len);
    davit_ms_reader_free(reader);
    return rc;
}

static void check_no_controls(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        FUZZ_CHECK((unsigned char)text.at[i] >= 0x20 || text.at[i] == '\n');
}

static void check_views(const struct pass *pass, struct fuzz_random *random)
{
    struct printer_options options = {.width =
                                          fuzz_below(random, 2) ? 40 + fuzz_below(random, 80) : 0};
    options.filter.is_failed = fuzz_below(random, 4) == 0;
    options.filter.is_strict = fuzz_below(random, 4) == 0;
    if (fuzz_below(random, 4) == 0)
        FUZZ_CHECK(printer_filter_add_prop(&options.filter, STR("getetag")));
    if (fuzz_below(random, 4) == 0)
        options.filter.href = STR("*a?*");
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        struct buf out = {0};
        struct printer *printer = printer_new(formats[i], &options, &out);
        printer_begin(printer);
        (void)give(pass, printer, NULL, NULL); /* what came of it is in the printer */
        if (i < 3)                             /* the others carry text as it is */
            check_no_controls(buf_str(&out));
        printer_free(printer);
        buf_done(&out);
    }
}

static void check_readings(const struct pass *pass)
{
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        struct buf text = {0}, json = {0};
        struct reading *reading = reading_new(clients[i], &pass->saved.exchange);
        (void)give(pass, NULL, reading, NULL); /* what came of it is in the reading */
        reading_add_text(reading, &text);
        reading_add_json(reading, &json);
        check_no_controls(buf_str(&text));
        check_no_controls(buf_str(&json));
        reading_free(reading);
        buf_done(&text);
        buf_done(&json);
    }
}

static void check_diff(const struct pass *pass)
{
    struct buf out = {0};
    struct snapshot *a = snapshot_new();
    struct snapshot *b = snapshot_new();
    (void)give(pass, NULL, NULL, a); /* what came of it is in the snapshot */
    (void)give(pass, NULL, NULL, b); /* likewise */
    FUZZ_CHECK(snapshot_diff(a, b, &out) == 0 && out.len == 0);
    snapshot_free(a);
    snapshot_free(b);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = fuzz_input(data, size);
    struct fuzz_random random = fuzz_random_of(bytes);
    struct pass whole = {0}, split = {0};
    take_body(&whole, bytes, NULL);
    take_body(&split, bytes, &random);
    FUZZ_CHECK(str_eq(buf_str(&whole.body), buf_str(&split.body)));
    FUZZ_CHECK(whole.saved.exchange.status == split.saved.exchange.status);
    FUZZ_CHECK(str_eq(whole.saved.exchange.target, split.saved.exchange.target));
    check_lint(&whole);
    check_views(&whole, &random);
    check_readings(&whole);
    check_diff(&whole);
    pass_done(&whole);
    pass_done(&split);
    return 0;
}
