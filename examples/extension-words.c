/* An extension of `davit serve`: a property and a report that count words, and a method that says
 * what there is. By hand:
 *
 *     cc -shared -fPIC -o words.so extension-words.c $(pkg-config --cflags --libs davit)
 *
 * and in the configuration:
 *
 *     [extension "words"]
 *     load = /usr/local/lib/davit/words.so */
#include <davit/extension.h>
#include <davit/multistatus_writer.h>
#include <stdio.h>
#include <string.h>

#define NS "urn:example:words"

static struct davit_ms_text text(const char *c)
{
    return (struct davit_ms_text){c, strlen(c)};
}

/* How many words there are in the name of the resource. */
static unsigned count_words(struct davit_ms_text path)
{
    unsigned count = 0;
    int is_within = 0;
    for (size_t i = 0; i < path.len; i++) {
        if (path.at[i] == '/')
            count = 0;
        int is_word = path.at[i] != '/' && path.at[i] != ' ';
        count += is_word && !is_within;
        is_within = is_word;
    }
    return count;
}

/* The property {urn:example:words}count. */
static bool get_count(const struct davit_ext_calls *davit, struct davit_ext *call)
{
    char number[16];
    int len = snprintf(number, sizeof(number), "%u", count_words(davit->path(call)));
    return davit->write(call, number, (size_t)len);
}

/* The report {urn:example:words}report: a 207, by libdavit. */
static void report(const struct davit_ext_calls *davit, struct davit_ext *call)
{
    char number[16];
    struct davit_ms_writer *writer = davit_ms_writer_new();
    struct davit_ms_element property = {.ns = text(NS), .name = text("count")};
    (void)snprintf(number, sizeof(number), "%u", count_words(davit->path(call)));
    property.value = text(number);
    if (!writer) {
        davit->status(call, 503);
        return;
    }
    davit_ms_writer_begin(writer);
    davit_ms_writer_response(writer, davit->href(call));
    davit_ms_writer_propstat(writer);
    davit_ms_writer_prop(writer, &property);
    davit_ms_writer_status(writer, 200);
    if (davit_ms_writer_end(writer) == DAVIT_MS_OK) {
        struct davit_ms_text bytes = davit_ms_writer_bytes(writer);
        davit->status(call, 207);
        davit->add_field(call, "Content-Type", "application/xml; charset=utf-8");
        davit->write(call, bytes.at, bytes.len);
    } else {
        davit->status(call, 500);
    }
    davit_ms_writer_free(writer);
}

/* The method WORDS: how many there are in the body, or, where it is empty, what the resource is. */
static void words(const struct davit_ext_calls *davit, struct davit_ext *call)
{
    char answer[64];
    struct davit_ms_text body = davit->body(call);
    struct davit_ext_resource resource = davit->resource(call);
    int len = body.len ? snprintf(answer, sizeof(answer), "%u words\n", count_words(body))
                       : snprintf(answer, sizeof(answer), "a %s of %llu bytes\n",
                                  resource.is_collection ? "collection" : "file",
                                  (unsigned long long)resource.size_bytes);
    davit->add_field(call, "X-Words", "counted");
    davit->write(call, answer, (size_t)len);
}

static const struct davit_ext_method methods[] = {
    {"WORDS", DAVIT_EXT_ON_FILE | DAVIT_EXT_ON_COLLECTION | DAVIT_EXT_SAFE, words},
    {0},
};

static const struct davit_ext_report reports[] = {
    {NS, "report", DAVIT_EXT_ON_FILE | DAVIT_EXT_ON_COLLECTION, report},
    {0},
};

static const struct davit_ext_property properties[] = {
    {NS, "count", get_count},
    {0},
};

const struct davit_extension davit_extension = {
    .version = DAVIT_EXTENSION_VERSION,
    .name = "words",
    .where = "an example",
    .token = "<urn:example:words>",
    .methods = methods,
    .reports = reports,
    .properties = properties,
};
