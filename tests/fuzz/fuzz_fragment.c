/* Fragments of documents that are well-formed by construction: each byte of the input adds an
 * element, a declaration, an attribute, text, or an end. Bytes at random seldom make a document at
 * all; these reach the corners of namespaces. */
#include "fuzz.h"
#include "support/xml_tree.h"

enum { DEPTH_MAX = 12, ATTRS_MAX = 6 };

static const char *const prefixes[] = {"", "p:", "q:", "r:", "D:", "xml:"};
static const char *const namespaces[] = {"u", "v", "DAV:", "urn:x", "a&amp;b"};
static const char *const texts[] = {"p:q",      " ",       "&lt;", "\xc3\xa4", "<![CDATA[]]&gt;]]>",
                                    "<!-- -->", "<?i p?>", "&#13;"};
static const char *const languages[] = {"en", "", "de-CH-1996", "x"};

struct builder {
    struct buf text;
    const char *names[DEPTH_MAX]; /* prefixes of the open elements */
    unsigned depth;
    bool is_tag_open;
    unsigned attrs;    /* on the open tag, so that no name comes twice */
    bool has_bound[8]; /* prefixes declared on it */
    bool has_lang;
};

static void open_element(struct builder *builder, unsigned pick)
{
    if (builder->is_tag_open)
        BUF_ADD(&builder->text, ">");
    builder->is_tag_open = true;
    builder->attrs = 0;
    builder->has_lang = false;
    memset(builder->has_bound, 0, sizeof(builder->has_bound));
    builder->names[builder->depth++] = prefixes[pick % ARRAY_LEN(prefixes)];
    buf_addf(&builder->text, "<%se", prefixes[pick % ARRAY_LEN(prefixes)]);
}

static void close_element(struct builder *builder)
{
    const char *prefix = builder->names[--builder->depth];
    if (builder->is_tag_open)
        BUF_ADD(&builder->text, "/>");
    else
        buf_addf(&builder->text, "</%se>", prefix);
    builder->is_tag_open = false;
}

static void declare(struct builder *builder, unsigned pick)
{
    unsigned which = pick % 5; /* not xml */
    const char *ns = namespaces[pick / 5 % ARRAY_LEN(namespaces)];
    if (builder->has_bound[which])
        return;
    builder->has_bound[which] = true;
    if (which == 0)
        buf_addf(&builder->text, " xmlns=\"%s\"", pick >= 25 ? "" : ns);
    else
        buf_addf(&builder->text, " xmlns:%c=\"%s\"", prefixes[which][0], ns);
}

static void add_attr(struct builder *builder, unsigned pick)
{
    if (builder->attrs == ATTRS_MAX)
        return;
    builder->attrs++;
    if (pick < 8 && !builder->has_lang) {
        builder->has_lang = true;
        buf_addf(&builder->text, " xml:lang=\"%s\"", languages[pick % ARRAY_LEN(languages)]);
        return;
    }
    /* The number keeps names apart, also where two prefixes stand for one namespace. */
    buf_addf(&builder->text, " %sa%u=\"%s\"", prefixes[pick % 5], builder->attrs,
             pick & 1 ? "&quot;&#10;" : "p:q");
}

static void add_text(struct builder *builder, unsigned pick)
{
    if (builder->is_tag_open)
        BUF_ADD(&builder->text, ">");
    builder->is_tag_open = false;
    buf_add(&builder->text, str_of_c(texts[pick % ARRAY_LEN(texts)]));
}

static void act(struct builder *builder, unsigned char byte)
{
    unsigned pick = byte & 31;
    switch (byte >> 5) {
    case 0:
    case 1:
        if (builder->depth < DEPTH_MAX)
            open_element(builder, pick);
        break;
    case 2:
        if (builder->depth > 1)
            close_element(builder);
        break;
    case 3:
    case 4:
        if (builder->is_tag_open)
            declare(builder, pick);
        break;
    case 5:
        if (builder->is_tag_open)
            add_attr(builder, pick);
        break;
    default:
        add_text(builder, pick);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct builder builder = {0};
    struct xml_tree tree;
    BUF_ADD(&builder.text, "<e xmlns:p=\"u\" xmlns:q=\"v\" xmlns:r=\"u\" xmlns:D=\"DAV:\">");
    builder.names[builder.depth++] = "";
    for (size_t i = 0; i < size; i++)
        act(&builder, data[i]);
    while (builder.depth)
        close_element(&builder);
    struct str document = buf_str(&builder.text);
    xml_tree_init(&tree, 1);
    FUZZ_CHECK(xml_read(document, &tree.events, &xml_limits_wide) == XML_OK);
    xml_tree_done(&tree);
    for (unsigned depth = 1; depth <= 4; depth++) {
        const char *complaint = xml_fragments_check(document, depth, NULL);
        if (complaint)
            fprintf(stderr, "%.*s\nat depth %u: %s\n", STR_ARGS(document), depth, complaint);
        FUZZ_CHECK(!complaint);
    }
    buf_done(&builder.text);
    return 0;
}
