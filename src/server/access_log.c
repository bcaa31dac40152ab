/* A line for each request, when it is over. Each loop gathers its own lines and writes them with
 * one system call at the end of its turn: a busy server would otherwise make as many writes as
 * requests, and loops that share a buffer would need a lock. O_APPEND keeps the lines of several
 * loops whole.
 *
 * What a client chose (method, target, user agent) is written so that it can neither end the line
 * nor the quotes around it, nor steer the terminal of who reads the file. What could not be parsed
 * at all has '-' for method and target; what was cut short is marked "aborted". The URL of a shared
 * link is its secret, and is masked.
 *
 * The log is never in the way: a full disk loses lines, not requests. On SIGHUP the file is opened
 * anew under the same descriptor (dup3), so loops that are writing need not be told. */
#include "server/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "access/tokens.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/files.h"
#include "base/log.h"
#include "multistatus/verdict.h"
#include "text/date.h"

enum { LINES_BYTES_MAX = 65536 };

bool access_log_open(struct access_log *log, const char *file, struct err *err)
{
    log->file = file;
    log->fd = -1;
    if (!file)
        return true;
    log->fd = strcmp(file, "-") == 0 ? STDOUT_FILENO : file_open(file, FILE_APPEND);
    return log->fd >= 0 || err_sys(err, errno, "cannot open the access log '%s'", file);
}

void access_log_reopen(struct access_log *log)
{
    if (!log->file || strcmp(log->file, "-") == 0)
        return;
    int fd = file_open(log->file, FILE_APPEND);
    if (fd < 0 || dup3(fd, log->fd, O_CLOEXEC) < 0)
        log_line(LOG_ERROR, "cannot reopen the access log '%s': %s", log->file,
                 strerrordesc_np(errno));
    fd_close(fd); /* log->fd is the same file now */
}

void access_log_close(struct access_log *log)
{
    if (log->fd > STDERR_FILENO)
        fd_close(log->fd); /* each line was written when it was made */
    log->fd = -1;
}

static void write_lines(struct access_lines *lines)
{
    struct str rest = buf_str(&lines->lines);
    while (rest.len) {
        ssize_t done = write(lines->log->fd, rest.at, rest.len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            break; /* a full disk must not stop the server */
        rest = str_from(rest, (size_t)done);
    }
    buf_clear(&lines->lines);
}

static void access_log_run(struct task *task)
{
    write_lines(CONTAINER_OF(task, struct access_lines, task));
}

void access_lines_init(struct access_lines *lines, struct access_log *log, struct loop *loop)
{
    *lines = (struct access_lines){.log = log, .loop = loop, .task.run = access_log_run};
}

void access_lines_done(struct access_lines *lines)
{
    loop_unqueue(&lines->task);
    write_lines(lines);
    buf_done(&lines->lines);
}

/* What a client sent must not end its line, or steer the terminal of who reads it. `first` is the
 * first character that stands for itself. */
static void add_escaped(struct buf *to, struct str text, unsigned char first)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c >= first && c < 0x7f && c != '"' && c != '\\') {
            buf_add_char(to, (char)c);
        } else {
            BUF_ADD(to, "\\x");
            buf_add_hex(to, c, 2);
        }
    }
}

static void add_quoted(struct buf *to, struct str text)
{
    add_escaped(to, text, ' ');
}

static void add_word(struct buf *to, struct str text)
{
    add_escaped(to, text.len ? text : STR("-"), ' ' + 1);
}

static struct str version_text(enum http_version version)
{
    switch (version) {
    case HTTP_1_0:
        return STR("HTTP/1.0");
    case HTTP_1_1:
        return STR("HTTP/1.1");
    case HTTP_2:
        return STR("HTTP/2");
    }
    BUG("no such HTTP version");
}

void access_lines_add(struct access_lines *lines, const struct http_stream *stream,
                      uint64_t sent_bytes, bool is_complete)
{
    const struct http_request *request = &stream->request;
    const struct http_response *response = &stream->response;
    struct buf *to = &lines->lines;
    if (lines->log->fd < 0)
        return;
    int64_t took_us = clock_mono_us() - stream->started_us;
    buf_add(to, request->forwarded_for.len
                    ? request->forwarded_for
                    : str_first(request->peer, str_index_last(request->peer, ':')));
    buf_add_char(to, ' ');
    add_word(to, response->user);
    BUF_ADD(to, " [");
    iso_date_add(to, clock_wall_ms() / 1000);
    BUF_ADD(to, "] \"");
    add_quoted(to, request->method.len ? request->method : STR("-"));
    buf_add_char(to, ' ');
    add_quoted(to, request->target.len ? token_mask(request->target, stream->arena) : STR("-"));
    buf_add_char(to, ' ');
    buf_add(to, version_text(request->version));
    BUF_ADD(to, "\" ");
    buf_add_u64(to, response->status);
    if (response->verdict) {
        buf_add_char(to, '(');
        verdict_format(response->verdict, to);
        buf_add_char(to, ')');
    }
    buf_add_char(to, ' ');
    buf_add_u64(to, sent_bytes);
    buf_addf(to, "%s %lld.%06lld \"", is_complete ? "" : " aborted", (long long)(took_us / 1000000),
             (long long)(took_us % 1000000));
    add_quoted(to, http_fields_get(&request->fields, FIELD_USER_AGENT));
    BUF_ADD(to, "\"");
    if (response->origins.len) {
        buf_add_char(to, ' ');
        add_quoted(to, response->origins);
    }
    buf_add_char(to, '\n');
    if (to->len > LINES_BYTES_MAX)
        write_lines(lines);
    else
        loop_queue_last(lines->loop, &lines->task);
}
