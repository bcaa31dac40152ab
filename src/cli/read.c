/* `davit read`: bytes come from a file, standard input or a server, pass through
 * cli/saved_response.c, which takes heads off, and through libdavit's reader; each response goes to
 * what was asked for: a printer, the linter, a client's reading, or a snapshot to be compared. What
 * that writes leaves as soon as there is enough of it, so that a body of any length passes in
 * constant memory.
 *
 * Results go to standard output, what is wrong with the input to standard error, and the exit
 * status says what was inside: for scripts it is the point of the command. It is about the body and
 * not about what filters leave of it. */
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/read_options.h"
#include "cli/saved_response.h"
#include "http/status.h"
#include "multistatus/lint/lint.h"
#include "multistatus/print/diff.h"
#include "multistatus/reading/reading.h"
#include "text/json.h"

enum {
    EXIT_NOT_MULTISTATUS = 3,
    EXIT_NOT_FETCHED = 4,
    OUT_BYTES = 65536,
    FIRST_BYTES = 256,  /* tell the encoding */
    TOLD_EACH_MAX = 20, /* findings of one rule, as text */
    TRIES_MAX = 4       /* again, of what has an Idempotency-Key */
};

/* One input on its way. */
struct run {
    const struct read_options *options;
    const char *name; /* for messages: as a terminal may show it, in `shown` */
    struct buf shown;
    struct saved_response saved;
    struct saved_response_sink sink;
    struct fetch_events events;
    struct davit_ms_reader *reader;
    enum davit_ms_rc rc;
    struct davit_ms_verdict strict; /* by --strict's measure */
    uint64_t bytes;
    struct buf first; /* of the body, until there are FIRST_BYTES of it */
    bool has_begun;
    bool is_broken;       /* the answer was not received whole */
    struct buf bodies[2]; /* of the request, and its type */

    struct buf out;
    bool has_write_error;
    struct printer *printer;
    struct lint *lint;
    struct lint_sink lint_sink;
    uint64_t told[LINT_RULE_COUNT];
    struct reading *reading;
    struct snapshot *snapshot;
};

static void flush(struct run *run)
{
    if (run->out.len && fwrite(run->out.at, 1, run->out.len, stdout) != run->out.len)
        run->has_write_error = true;
    buf_clear(&run->out);
}

/* --- lint --- */

static const char *const severities[] = {"note", "warning", "error"};

static void add_finding_text(struct run *run, const struct lint_finding *finding)
{
    const struct lint_rule_row *row = &lint_rules[finding->rule];
    struct buf *to = &run->out;
    uint64_t told = ++run->told[finding->rule];
    if (told > TOLD_EACH_MAX)
        return;
    buf_addf(to, "%s:", run->name);
    if (finding->place.line)
        buf_addf(to, "%llu:%llu:", (unsigned long long)finding->place.line,
                 (unsigned long long)finding->place.column);
    buf_addf(to, " %s L%u: %s", severities[row->severity], row->number, row->title);
    if (finding->detail.len) {
        BUF_ADD(to, ": ");
        utf8_add_printable(to, str_first(finding->detail, 200));
    }
    buf_addf(to, " (%s", row->where);
    if (finding->place.line)
        buf_addf(to, "; byte %llu", (unsigned long long)finding->place.byte);
    BUF_ADD(to, ")\n");
    if (told == 1)
        buf_addf(to, "    %s\n", row->why);
}

static void add_finding_json(struct run *run, const struct lint_finding *finding)
{
    const struct lint_rule_row *row = &lint_rules[finding->rule];
    struct buf *to = &run->out;
    buf_add_char(to, '{');
    json_add_number(to, STR("rule"), row->number);
    json_add_member(to, STR("severity"), str_of_c(severities[row->severity]));
    json_add_member(to, STR("title"), str_of_c(row->title));
    json_add_member(to, STR("where"), str_of_c(row->where));
    if (finding->place.line) {
        json_add_number(to, STR("byte"), finding->place.byte);
        json_add_number(to, STR("line"), finding->place.line);
        json_add_number(to, STR("column"), finding->place.column);
    }
    if (finding->detail.len)
        json_add_member(to, STR("detail"), finding->detail);
    BUF_ADD(to, "}\n");
}

static void on_finding(struct lint_sink *sink, const struct lint_finding *finding)
{
    struct run *run = CONTAINER_OF(sink, struct run, lint_sink);
    if (run->options->format && run->options->format[0] == 'j')
        add_finding_json(run, finding);
    else
        add_finding_text(run, finding);
    if (run->out.len >= OUT_BYTES)
        flush(run);
}

static void add_lint_end(struct run *run)
{
    bool is_json = run->options->format && run->options->format[0] == 'j';
    if (is_json)
        return;
    for (size_t i = 0; i < LINT_RULE_COUNT; i++) {
        if (run->told[i] > TOLD_EACH_MAX)
            buf_addf(&run->out, "%s: L%u: %llu more\n", run->name, lint_rules[i].number,
                     (unsigned long long)(run->told[i] - TOLD_EACH_MAX));
    }
    buf_addf(&run->out, "%s: %llu errors, %llu warnings, %llu notes\n", run->name,
             (unsigned long long)lint_count(run->lint, LINT_ERROR),
             (unsigned long long)lint_count(run->lint, LINT_WARNING),
             (unsigned long long)lint_count(run->lint, LINT_NOTE));
}

/* --- the way of the bytes --- */

static void take_response(struct run *run, const struct davit_ms_response *response)
{
    if (run->options->printer.filter.is_strict) {
        unsigned status = printer_status_of(&run->options->printer.filter, response);
        for (size_t i = 0; i < size_max(1, response->href_count); i++)
            davit_ms_verdict_add(&run->strict, status);
    }
    if (run->printer)
        printer_response(run->printer, response);
    if (run->lint)
        lint_response(run->lint, response);
    if (run->reading)
        reading_response(run->reading, response);
    if (run->snapshot)
        snapshot_add(run->snapshot, response);
    if (run->out.len >= OUT_BYTES && !run->options->key) /* it may begin anew */
        flush(run);
}

static bool read_bytes(struct run *run, struct str bytes)
{
    const struct davit_ms_response *response;
    run->bytes += bytes.len;
    run->rc = davit_ms_reader_feed(run->reader, bytes.at, bytes.len);
    if (run->rc == DAVIT_MS_OK) {
        while ((run->rc = davit_ms_reader_next(run->reader, &response)) == DAVIT_MS_RESPONSE)
            take_response(run, response);
    }
    return run->rc == DAVIT_MS_MORE && !run->has_write_error;
}

/* The heads are complete, and the body's first bytes are there. */
static bool begin_body(struct run *run)
{
    run->has_begun = true;
    if (run->lint)
        lint_body(run->lint, buf_str(&run->first));
    if (run->reading)
        reading_begin(run->reading);
    return read_bytes(run, buf_str(&run->first));
}

static bool on_body(struct saved_response_sink *sink, struct str bytes)
{
    struct run *run = CONTAINER_OF(sink, struct run, sink);
    if (run->has_begun)
        return read_bytes(run, bytes);
    buf_add(&run->first, bytes);
    return run->first.len < FIRST_BYTES || begin_body(run);
}

static void set_up(struct run *run)
{
    const struct read_options *options = run->options;
    struct davit_ms_options reading = {.flags = 0};
    run->sink.body = on_body;
    run->saved.sink = &run->sink;
    run->lint_sink.found = on_finding;
    if (options->target)
        run->saved.exchange.target = str_of_c(options->target);
    if (options->wants_lint) {
        run->lint = lint_new(&run->lint_sink, &run->saved.exchange);
        reading.flags = DAVIT_MS_PLACES | DAVIT_MS_ANY_NAMESPACE;
    } else if (options->client) {
        run->reading = reading_new(options->client, &run->saved.exchange);
        reading.flags = DAVIT_MS_ANY_NAMESPACE;
    } else if (options->wants_diff) {
        run->snapshot = snapshot_new();
    } else {
        run->printer =
            printer_new(options->format ? options->format : "table", &options->printer, &run->out);
        printer_begin(run->printer);
    }
    run->reader = davit_ms_reader_new(&reading);
    if (!run->reader)
        BUG("out of memory");
    if (run->lint)
        reader_set_observer(run->reader, lint_observer(run->lint));
}

/* Whether only a 207 answers it, where all went well. */
static bool asks_for_members(struct str method)
{
    return str_eq(method, STR("PROPFIND")) || str_eq(method, STR("REPORT")) ||
           str_eq(method, STR("SEARCH"));
}

/* What an answer without a multistatus says: a status can be all there is to say. A 200 whose
 * request is not known may be that of anything. */
static int status_of_head(const struct run *run)
{
    const struct lint_exchange *exchange = &run->saved.exchange;
    unsigned status = exchange->status;
    bool is_done = status == HTTP_CREATED || status == HTTP_NO_CONTENT ||
                   (status == HTTP_OK && exchange->method.len);
    if (run->is_broken)
        return EXIT_NOT_MULTISTATUS;
    if (status >= 300) /* RFC 9110 §15.4: also what is elsewhere was not done */
        return EXIT_FAILED;
    return is_done && !asks_for_members(exchange->method) ? EXIT_FINE : EXIT_NOT_MULTISTATUS;
}

static void finish(struct run *run)
{
    bool goes_on = saved_response_end(&run->saved) && (run->has_begun || begin_body(run));
    if (goes_on)
        run->rc = davit_ms_reader_finish(run->reader);
    struct davit_ms_verdict verdict = *davit_ms_reader_verdict(run->reader);
    if (run->options->printer.filter.is_strict) {
        run->strict.is_complete = verdict.is_complete;
        verdict = run->strict;
    }
    bool says_all = run->rc != DAVIT_MS_END && status_of_head(run) != EXIT_NOT_MULTISTATUS;
    const struct printer_end end = {&verdict, davit_ms_reader_head(run->reader),
                                    says_all ? run->saved.exchange.status : 0};
    if (run->printer)
        printer_end(run->printer, &end);
    if (run->lint) {
        lint_end(run->lint, run->reader, run->rc, run->bytes);
        add_lint_end(run);
    }
    if (run->reading) {
        reading_end(run->reading, run->reader, run->rc, run->bytes);
        if (run->options->format && run->options->format[0] == 'j')
            reading_add_json(run->reading, &run->out);
        else
            reading_add_text(run->reading, &run->out);
    }
}

static void tear_down(struct run *run)
{
    printer_free(run->printer);
    lint_free(run->lint);
    reading_free(run->reading);
    snapshot_free(run->snapshot);
    davit_ms_reader_free(run->reader);
    saved_response_done(&run->saved);
    buf_done(&run->bodies[0]);
    buf_done(&run->bodies[1]);
    buf_done(&run->first);
    buf_done(&run->shown);
    buf_done(&run->out);
}

/* --- inputs --- */

static bool read_fd(struct run *run, int fd, struct err *err)
{
    static char bytes[65536];
    for (;;) {
        ssize_t len = read(fd, bytes, sizeof(bytes));
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return err_sys(err, errno, "%s", run->name);
        if (len == 0 || !saved_response_feed(&run->saved, str_of(bytes, (size_t)len)))
            return true;
    }
}

static bool read_file(struct run *run, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, errno, "%s", path);
    bool is_read = read_fd(run, fd, err);
    close(fd);
    return is_read;
}

static bool on_head_line(struct fetch_events *events, struct str line)
{
    struct run *run = CONTAINER_OF(events, struct run, events);
    saved_head_line(&run->saved, line);
    saved_head_over(&run->saved);
    return true;
}

static bool on_fetched(struct fetch_events *events, struct str bytes)
{
    struct run *run = CONTAINER_OF(events, struct run, events);
    return saved_response_feed(&run->saved, bytes);
}

static bool read_whole(const char *path, struct buf *to, struct err *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, errno, "%s", path);
    ssize_t len;
    do {
        len = read(fd, buf_reserve(to, OUT_BYTES), OUT_BYTES);
        to->len += len > 0 ? (size_t)len : 0;
    } while (len > 0 || (len < 0 && errno == EINTR));
    int code = errno;
    close(fd);
    return len == 0 || err_sys(err, code, "%s", path);
}

static bool is_safe(const char *method)
{
    static const char *const safe[] = {"PROPFIND", "REPORT", "SEARCH", "GET", "HEAD", "OPTIONS"};
    for (size_t i = 0; i < ARRAY_LEN(safe); i++) {
        if (strcmp(method, safe[i]) == 0)
            return true;
    }
    return false;
}

/* What a batch is, by how it begins: a multipart body says its boundary there (RFC 2046 §5.1.1). */
static const char *type_of_batch(struct str body, struct buf *type)
{
    size_t from = 0;
    while (from < body.len && char_is_space(body.at[from]))
        from++;
    body = str_from(body, from);
    if (str_starts(body, STR("{")))
        return "Content-Type: application/vnd.davit.batch+json";
    if (!str_starts(body, STR("--")))
        return "Content-Type: application/vnd.davit.batch+xml";
    struct str line = str_trim(str_first(body, str_index(body, '\r')));
    buf_addf(type, "Content-Type: multipart/related; boundary=\"%.*s\"",
             STR_ARGS(str_first(str_from(line, 2), 200)));
    return buf_c(type);
}

/* The request that the options describe; `bodies` keep what it borrows, and what is in them already
 * is not read again: it may have come from a pipe. */
static bool make_request(const struct read_options *options, struct fetch_request *request,
                         char depth[32], struct buf bodies[2], struct err *err)
{
    struct buf *body = &bodies[0], *type = &bodies[1];
    const char *wanted = options->depth;
    *request = options->request;
    request->follows = is_safe(request->method);
    if (!wanted && strcmp(request->method, "PROPFIND") == 0)
        wanted = "1";
    if (wanted) {
        str_print(depth, 32, "Depth: %s", wanted); /* fits: see set_depth() */
        request->headers[request->header_count++] = depth;
    }
    if (options->key)
        request->headers[request->header_count++] = options->key;
    buf_clear(type);
    if (!options->body_file)
        return true;
    if (!body->len && !read_whole(options->body_file, body, err))
        return false;
    request->body = str_of(buf_c(body), body->len);
    request->headers[request->header_count++] =
        options->is_batch ? type_of_batch(request->body, type)
                          : "Content-Type: application/xml; charset=utf-8";
    return true;
}

static bool read_url(struct run *run, const char *url, struct err *err)
{
    struct fetch_request request;
    char depth[32];
    bool is_read = false;
    run->events = (struct fetch_events){on_head_line, on_fetched};
    if (make_request(run->options, &request, depth, run->bodies, err)) {
        run->saved.exchange.method = str_of_c(request.method);
        if (!run->options->target)
            run->saved.exchange.target = str_of_c(url);
        request.url = url;
        enum fetch_rc rc = fetch(&request, &run->events, err);
        is_read = rc != FETCH_FAILED;
        run->is_broken = rc == FETCH_BROKEN;
        if (run->is_broken)
            tell(stderr, "davit: %s: %s\n", url, err->text);
    }
    return is_read;
}

static bool read_input(struct run *run, const char *input, struct err *err)
{
    struct str text = str_of_c(input);
    if (str_starts_nocase(text, STR("http://")) || str_starts_nocase(text, STR("https://")))
        return read_url(run, input, err);
    return strcmp(input, "-") == 0 ? read_fd(run, STDIN_FILENO, err) : read_file(run, input, err);
}

/* --- what came of it --- */

/* A body that could not be read to its end, in words. */
static void complain(const struct run *run)
{
    const struct lint_exchange *exchange = &run->saved.exchange;
    struct davit_ms_place place = davit_ms_reader_place(run->reader);
    struct str first = buf_str(&run->first);
    if (exchange->status && exchange->status != HTTP_MULTI_STATUS) {
        struct str reason = http_reason(exchange->status);
        tell(stderr, "davit: %s: the answer is %u %.*s, not a multistatus\n", run->name,
             exchange->status, STR_ARGS(reason));
    } else if (run->bytes == 0) {
        tell(stderr, "davit: %s: it is empty\n", run->name);
    } else if (str_starts(first, STR("\x1f\x8b"))) {
        tell(stderr, "davit: %s: it is compressed; use curl --compressed\n", run->name);
    } else {
        tell(stderr, "davit: %s:%llu:%llu: %s\n", run->name, (unsigned long long)place.line,
             (unsigned long long)place.column, davit_ms_reader_message(run->reader));
    }
}

static int status_of(const struct run *run)
{
    const struct davit_ms_verdict *verdict = davit_ms_reader_verdict(run->reader);
    if (run->options->printer.filter.is_strict)
        verdict = &run->strict;
    if (run->rc != DAVIT_MS_END)
        return run->lint ? EXIT_NOT_MULTISTATUS : status_of_head(run);
    if (run->lint)
        return lint_count(run->lint, LINT_ERROR) + lint_count(run->lint, LINT_WARNING) ? EXIT_FAILED
                                                                                       : EXIT_FINE;
    return verdict->success_count == verdict->member_count ? EXIT_FINE : EXIT_FAILED;
}

/* With a key it is safe to ask again, for what the server has made of it: after a lost connection,
 * and as long as it is still at it. */
static bool is_to_be_sent_again(const struct run *run, bool is_read, unsigned tries)
{
    bool is_busy = run->saved.exchange.status == HTTP_CONFLICT && tries > 0;
    return run->options->key && tries < TRIES_MAX && (!is_read || run->is_broken || is_busy);
}

static void begin_again(struct run *run, unsigned tries)
{
    const struct timespec pause = {.tv_sec = 1 << tries};
    tell(stderr, "davit: it is sent again, with the same key\n");
    (void)nanosleep(&pause, NULL); /* shorter is as good */
    struct run again = {.options = run->options, .bodies[0] = run->bodies[0]};
    run->bodies[0] = (struct buf){0};
    tear_down(run);
    *run = again;
}

static bool read_in_tries(struct run *run, const char *input, struct err *err)
{
    for (unsigned tries = 0;; tries++) {
        buf_clear(&run->shown);
        utf8_add_printable(&run->shown,
                           str_of_c(strcmp(input, "-") == 0 ? "(standard input)" : input));
        run->name = buf_c(&run->shown);
        set_up(run);
        bool is_read = read_input(run, input, err);
        if (!is_to_be_sent_again(run, is_read, tries))
            return is_read;
        if (!is_read)
            tell(stderr, "davit: %s\n", err->text);
        begin_again(run, tries);
    }
}

/* Reads one input to its end; the exit status so far. */
static int run_input(struct run *run, const char *input)
{
    struct err err;
    if (!read_in_tries(run, input, &err)) {
        tell(stderr, "davit: %s\n", err.text);
        return EXIT_NOT_FETCHED;
    }
    finish(run);
    flush(run);
    if (run->has_write_error || fflush(stdout) != 0) {
        tell(stderr, "davit: cannot write to standard output\n");
        return EXIT_NOT_FETCHED;
    }
    int status = status_of(run);
    if (run->rc != DAVIT_MS_END && status != EXIT_FINE && !run->lint)
        complain(run);
    return status;
}

static int run_diff(const struct read_options *options)
{
    struct run a = {.options = options};
    struct run b = {.options = options};
    int status = run_input(&a, options->inputs.at[0]);
    if (status <= EXIT_FAILED)
        status = run_input(&b, options->inputs.at[1]);
    if (status <= EXIT_FAILED) {
        size_t count = snapshot_diff(a.snapshot, b.snapshot, &a.out);
        flush(&a);
        status = count ? EXIT_FAILED : EXIT_FINE;
    }
    tear_down(&a);
    tear_down(&b);
    return status;
}

/* Each by itself; the worst of their exit statuses. */
static int run_all(const struct read_options *options)
{
    size_t i = 0;
    int worst = EXIT_FINE;
    do {
        struct run run = {.options = options};
        int status = run_input(&run, options->inputs.count ? options->inputs.at[i] : "-");
        worst = status > worst ? status : worst;
        tear_down(&run);
    } while (++i < options->inputs.count);
    return worst;
}

static int run_options(const struct read_options *options)
{
    if (options->wants_help) {
        read_options_print_help();
        return EXIT_FINE;
    }
    if (options->inputs.count == 0 && isatty(STDIN_FILENO)) {
        tell(stderr, "davit: nothing to read. Usage: davit read [OPTIONS] [FILE|-|URL]\n");
        return EXIT_USAGE;
    }
    return options->wants_diff ? run_diff(options) : run_all(options);
}

int cmd_batch(int argc, char **argv)
{
    struct read_options options;
    struct err err;
    int status = EXIT_USAGE;
    bool is_fine = batch_options_parse(argc, argv, &options, &err);
    if (is_fine && options.wants_help) {
        batch_options_print_help();
        status = EXIT_FINE;
    } else if (is_fine) {
        status = run_all(&options);
    } else {
        tell(stderr, "davit: %s\n", err.text);
    }
    read_options_done(&options);
    return status;
}

int cmd_read(int argc, char **argv)
{
    struct read_options options;
    struct err err;
    int status = EXIT_USAGE;
    if (read_options_parse(argc, argv, &options, &err))
        status = run_options(&options);
    else
        tell(stderr, "davit: %s\n", err.text);
    read_options_done(&options);
    return status;
}
