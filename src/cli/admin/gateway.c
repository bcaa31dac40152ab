/* `davit gateway status`: how the origins of a running server are. It is asked on its metrics
 * listener, which its configuration names, so that who may look at that file needs no password; and
 * what it answers is shown as it is: what there is to be said of an origin is known there alone.
 *
 * Rejected: the REPORT `origins` (gateway/origin/report.c) as its source. It needs somebody with
 * the right `admin`, and it asks every origin anew; what administrators want to know first is what
 * clients have met with. */
#include "base/log.h"
#include "cli/admin/admin.h"
#include "cli/command.h"
#include "client/fetch.h"
#include "server/config/config_read.h"

enum { EXIT_UNASKED = 3, PAGE_BYTES_MAX = 64 << 20 };

#define DEFAULT_URL "http://127.0.0.1:9180"

/* --- where --- */

/* Where a listener is reached from here: one of all addresses is on this one, too. */
static void add_url(struct buf *to, const struct socket_address *address)
{
    char text[ADDRESS_TEXT_BYTES];
    struct str host = str_of(text, address_format(address, text));
    struct str port = str_from(host, str_index_last(host, ':') + 1);
    host.len -= port.len + 1;
    if (str_eq(host, STR("0.0.0.0")))
        host = STR("127.0.0.1");
    if (str_eq(host, STR("[::]")))
        host = STR("[::1]");
    buf_addf(to, "http://%.*s:%.*s", STR_ARGS(host), STR_ARGS(port));
}

static bool find_listener(struct admin *admin, const char *path, struct buf *url, struct err *err)
{
    config_done(&admin->config);
    if (!config_read_file(path, &admin->config, err))
        return false;
    for (size_t i = 0; i < admin->config.listener_count; i++) {
        const struct listener_config *listener = &admin->config.listeners[i];
        if (listener->kind != LISTEN_METRICS)
            continue;
        add_url(url, &listener->address);
        return address_port(&listener->address) ||
               err_set(err, 0, "%s: metrics = has port 0, which is any: give the URL", path);
    }
    return err_set(err, 0,
                   "%s: no metrics = in [server], where the server could be asked: add "
                   "metrics = 9180, or give the URL that --metrics was given",
                   path);
}

/* Of the page that is wanted. What the environment names as a proxy leads to other machines, and
 * whoever does not give a URL means a server of this one. */
static bool find_url(struct admin *admin, struct buf *url, bool *is_here_out, struct err *err)
{
    const char *given = admin->operand_count ? admin->operands[0] : DEFAULT_URL;
    bool is_json = admin->format && strcmp(admin->format, "json") == 0;
    struct str text = str_of_c(given);
    bool is_url =
        str_starts_nocase(text, STR("http://")) || str_starts_nocase(text, STR("https://"));
    *is_here_out = !is_url || !admin->operand_count;
    while (is_url && text.len && text.at[text.len - 1] == '/')
        text.len--;
    if (is_url)
        buf_add(url, text);
    else if (!find_listener(admin, given, url, err))
        return false;
    BUF_ADD(url, "/origins");
    buf_add(url, is_json ? STR(".json") : STR_NONE);
    return true;
}

/* --- asking --- */

struct page {
    struct fetch_events events;
    struct buf body;
    uint64_t status;
    uint64_t down; /* origins */
    bool says_down;
};

static bool see_head_line(struct fetch_events *events, struct str line)
{
    struct page *page = CONTAINER_OF(events, struct page, events);
    struct str value = line;
    struct str name = str_cut(&value, ':');
    if (str_starts(line, STR("HTTP/"))) {
        (void)str_cut(&line, ' ');
        page->says_down = false;
        return str_parse_u64(str_first(line, 3), &page->status);
    }
    if (str_eq_nocase(name, STR("Davit-Origins-Down")))
        page->says_down = str_parse_u64(str_trim(value), &page->down);
    return true;
}

static bool see_body(struct fetch_events *events, struct str bytes)
{
    struct page *page = CONTAINER_OF(events, struct page, events);
    buf_add(&page->body, bytes);
    return page->body.len <= PAGE_BYTES_MAX;
}

static bool ask(const char *url, bool is_here, struct page *page, struct err *err)
{
    const struct fetch_request request = {
        .url = url, .method = "GET", .version = FETCH_1_1, .is_direct = is_here};
    enum fetch_rc rc = fetch(&request, &page->events, err);
    if (rc == FETCH_STOPPED)
        return err_set(err, 0, "%s: what it answers is beyond all bounds", url);
    if (rc != FETCH_OK) {
        struct err why = *err;
        return err_set(err, 0, "%s: %s", url, why.text);
    }
    if (page->status == 200 && page->says_down)
        return true;
    return err_set(err, 0, "%s: this is not the metrics listener of a davit (status %u)", url,
                   (unsigned)page->status);
}

static int status(struct admin *admin)
{
    struct page page = {.events = {see_head_line, see_body}};
    struct buf url = {0};
    struct err err;
    bool is_here;
    int exit_status = EXIT_UNASKED;
    if (!find_url(admin, &url, &is_here, &err) || !ask(buf_c(&url), is_here, &page, &err)) {
        (void)admin_fail(&err); /* the same line, another status */
    } else {
        tell(stdout, "%s", buf_c(&page.body));
        exit_status = page.down ? EXIT_FAILED : EXIT_FINE;
    }
    if (fflush(stdout) != 0) {
        tell(stderr, "davit: cannot write to standard output\n");
        exit_status = EXIT_UNASKED;
    }
    buf_done(&page.body);
    buf_done(&url);
    return exit_status;
}

static const struct admin_verb rows[] = {
    {"status", "[FILE|URL]", 0, status,
     "how the origins of a running server are, asked on its metrics listener: of the "
     "configuration FILE, or at URL (default " DEFAULT_URL ")",
     1},
};

const struct admin_verbs gateway_verbs = {&gateway_table, rows, ARRAY_LEN(rows)};

int cmd_gateway(int argc, char **argv)
{
    return admin_run(&gateway_verbs, argc, argv);
}
