/* How fast libdavit reads and writes, against bare expat on the same bytes.
 *
 * Bare expat is a parser with namespaces whose handlers do nothing; without namespaces, which no
 * reader of DAV can do without, it is shown for comparison. Each figure is the best of some rounds:
 * what the machine does beside is noise that only ever slows down.
 *
 * Usage: bench_multistatus [MEMBERS [ROUNDS [FILE]]]; with a FILE, its bytes are read instead of a
 * listing of so many members. */
#include <davit/multistatus.h>

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { STEP_BYTES = 65536 };

struct body {
    char *at;
    size_t len;
    size_t cap;
};

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static struct davit_ms_text text_of(const char *text)
{
    return (struct davit_ms_text){text, strlen(text)};
}

static struct davit_ms_element prop_of(const char *name, const char *text, const char *value)
{
    return (struct davit_ms_element){
        .ns = {"DAV:", 4}, .name = text_of(name), .text = text_of(text), .value = text_of(value)};
}

/* The members of a plain listing; every tenth is a collection. Returns its length. */
static size_t write_listing(struct davit_ms_writer *writer, size_t members, struct body *to)
{
    const struct davit_ms_element props[] = {
        prop_of("resourcetype", "", ""),
        prop_of("getcontentlength", "1048576", ""),
        prop_of("getlastmodified", "Sun, 06 Nov 1994 08:49:37 GMT", ""),
        prop_of("creationdate", "1994-11-06T08:49:37Z", ""),
        prop_of("getetag", "\"5f3e2a1b-100000-17a2b3c4d5e6f\"", ""),
        prop_of("getcontenttype", "application/octet-stream", ""),
    };
    const struct davit_ms_element collection =
        prop_of("resourcetype", "", "<D:collection xmlns:D=\"DAV:\"/>");
    size_t total = 0;
    davit_ms_writer_begin(writer);
    for (size_t i = 0; i < members; i++) {
        char href[64];
        int len = snprintf(href, sizeof(href), "/files/folder/member-%08zu%s", i,
                           i % 10 ? ".dat" : "/");
        davit_ms_writer_response(writer, (struct davit_ms_text){href, (size_t)len});
        davit_ms_writer_propstat(writer);
        for (size_t k = 0; k < sizeof(props) / sizeof(props[0]); k++)
            davit_ms_writer_prop(writer, i % 10 || k ? &props[k] : &collection);
        davit_ms_writer_status(writer, 200);
        if (i + 1 == members)
            davit_ms_writer_end(writer);
        struct davit_ms_text bytes = davit_ms_writer_bytes(writer);
        if (bytes.len < STEP_BYTES && i + 1 < members)
            continue;
        if (to && total + bytes.len <= to->cap)
            memcpy(to->at + total, bytes.at, bytes.len);
        total += bytes.len;
        davit_ms_writer_clear(writer);
    }
    return total;
}

static size_t time_writer(size_t members, double *seconds)
{
    struct davit_ms_writer *writer = davit_ms_writer_new();
    double begin = now();
    size_t len = write_listing(writer, members, NULL);
    *seconds = now() - begin;
    davit_ms_writer_free(writer);
    return len;
}

static void XMLCALL nothing_starts(void *data, const char *name, const char **attrs)
{
    (void)data, (void)name, (void)attrs;
}

static void XMLCALL nothing_ends(void *data, const char *name)
{
    (void)data, (void)name;
}

static void XMLCALL no_text(void *data, const char *text, int len)
{
    (void)data, (void)text, (void)len;
}

static double time_expat(const struct body *body, int with_namespaces)
{
    XML_Parser parser = with_namespaces ? XML_ParserCreateNS(NULL, '\x01') : XML_ParserCreate(NULL);
    double begin = now();
    XML_SetReturnNSTriplet(parser, 1);
    XML_SetElementHandler(parser, nothing_starts, nothing_ends);
    XML_SetCharacterDataHandler(parser, no_text);
    for (size_t at = 0; at < body->len; at += STEP_BYTES) {
        size_t len = body->len - at < STEP_BYTES ? body->len - at : STEP_BYTES;
        if (XML_Parse(parser, body->at + at, (int)len, at + len == body->len) != XML_STATUS_OK)
            abort();
    }
    double seconds = now() - begin;
    XML_ParserFree(parser);
    return seconds;
}

static double time_reader(const struct body *body, unsigned flags, uint64_t *members)
{
    struct davit_ms_options options = {.flags = flags};
    struct davit_ms_reader *reader = davit_ms_reader_new(&options);
    const struct davit_ms_response *response;
    double begin = now();
    for (size_t at = 0; at < body->len; at += STEP_BYTES) {
        size_t len = body->len - at < STEP_BYTES ? body->len - at : STEP_BYTES;
        davit_ms_reader_feed(reader, body->at + at, len);
        while (davit_ms_reader_next(reader, &response) == DAVIT_MS_RESPONSE)
            continue;
    }
    if (davit_ms_reader_finish(reader) != DAVIT_MS_END)
        abort();
    double seconds = now() - begin;
    *members = davit_ms_reader_verdict(reader)->member_count;
    davit_ms_reader_free(reader);
    return seconds;
}

static double best(double a, double b)
{
    return a == 0 || b < a ? b : a;
}

static void report(const char *what, size_t bytes, double seconds, double base)
{
    printf("%-44s %8.0f MB/s", what, (double)bytes / seconds / 1e6);
    if (base > 0)
        printf("   %.2f times bare expat", seconds / base);
    printf("\n");
}

static int read_file(const char *path, struct body *body)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    body->cap = (size_t)1 << 30;
    body->at = malloc(body->cap);
    body->len = fread(body->at, 1, body->cap, file);
    fclose(file);
    return 1;
}

int main(int argc, char **argv)
{
    size_t members = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    int rounds = argc > 2 ? atoi(argv[2]) : 7;
    double writer = 0, plain = 0, expat = 0, reader = 0, places = 0;
    struct body body = {0};
    uint64_t read_members = 0;
    size_t written = 0;
    for (int i = 0; i < rounds; i++) {
        double seconds;
        written = time_writer(members, &seconds);
        writer = best(writer, seconds);
    }
    if (argc > 3) {
        if (!read_file(argv[3], &body))
            return 1;
    } else {
        struct davit_ms_writer *to = davit_ms_writer_new();
        body.cap = body.len = written;
        body.at = malloc(body.cap);
        write_listing(to, members, &body);
        davit_ms_writer_free(to);
    }
    for (int i = 0; i < rounds; i++) {
        plain = best(plain, time_expat(&body, 0));
        expat = best(expat, time_expat(&body, 1));
        reader = best(reader, time_reader(&body, 0, &read_members));
        places = best(places, time_reader(&body, DAVIT_MS_PLACES, &read_members));
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%llu members, %zu bytes; best of %d rounds, one thread\n",
           (unsigned long long)read_members, body.len, rounds);
    report("expat without namespaces", body.len, plain, expat);
    report("expat with namespaces (bare expat)", body.len, expat, 0);
    report("libdavit's reader", body.len, reader, expat);
    report("libdavit's reader, with places", body.len, places, expat);
    report("libdavit's writer", written, writer, 0);
    free(body.at);
    return 0;
}
