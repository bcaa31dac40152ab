/* Documents. What comes from the network is bytes of some encoding and of some kind; this finds out
 * which, and passes UTF-8 to the reader of that kind.
 *
 * The encoding of HTML may stand in a <meta> some way down, so the first HEAD_BYTES are held back
 * until it is settled: byte order mark, then the Content-Type, then <meta>, then UTF-8 if the
 * bytes are, otherwise windows-1252 (HTML 13.2.3.2). XML is passed on as it is: expat knows.
 *
 * XHTML is XML when its type says so, or when it is sent as XML. Of a file without a type an XML
 * declaration and the namespace say it, as in EPUBs; what is sent as text/html is HTML, whatever
 * it looks like.
 *
 * HTML, CSS and Markdown are read as they come. Text, lists and what is packed are gathered whole,
 * up to WHOLE_BYTES_MAX, since their readers want that.
 *
 * The likeness is a similarity hash over the words of the text between tags: each word votes for
 * each bit, so that two pages that differ in few words differ in few bits. */
#include "check/run/page.h"

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "check/read/css.h"
#include "check/read/html_links.h"
#include "check/read/markdown/markdown.h"
#include "check/read/plain_links.h"
#include "check/read/script/script_links.h"
#include "check/read/xml_links.h"
#include "check/url/url.h"
#include "stream/gunzip.h"
#include "text/utf8_clean.h"

enum {
    HEAD_BYTES = 1024,
    BODY_BYTES_MAX = 64 << 20,
    WHOLE_BYTES_MAX = 52428800, /* what a sitemap may have (sitemaps.org) */
    LANE_WORDS = 255,           /* a byte can count so many */
};

struct likeness {
    uint64_t lanes[8]; /* byte j of lane i counts the words whose hash has bit 8j + i */
    uint32_t ones[64]; /* of the words before the last LANE_WORDS */
    uint32_t words;
    bool is_in_tag;
    struct buf word;
};

struct page {
    enum page_type type;
    struct finder *finder;
    enum charset declared; /* by the Content-Type */
    enum charset charset;
    struct charset_decoder *decoder; /* NULL: not settled yet */
    struct url_encoder *encoder;
    bool has_encoder;
    struct buf held; /* the head; or all of it */
    struct buf utf8;
    uint64_t bytes;
    struct html_links *html;
    struct css_reader *css;
    struct script_links *script;
    struct xml_links *xml;
    struct markdown_reader *markdown;
    bool has_type;   /* somebody says what it is */
    bool is_settled; /* of XML: the reader for it is known */
    bool is_broken;
    bool is_no_list;
    bool is_cut; /* it was longer than what is read */
    bool wants_likeness;
    struct likeness likeness;
};

/* --- what it is --- */

static const struct {
    struct str media_type;
    struct str suffix;
    enum page_type type;
} types[] = {
    {STR_INIT("text/html"), STR_INIT(".html"), PAGE_HTML},
    {STR_INIT("application/xhtml+xml"), STR_INIT(".xhtml"), PAGE_XHTML},
    {STR_INIT("application/xhtml+xml"), STR_INIT(".xht"), PAGE_XHTML},
    {STR_INIT("image/svg+xml"), STR_INIT(".svg"), PAGE_XHTML},
    {STR_INIT("text/html"), STR_INIT(".htm"), PAGE_HTML},
    {STR_INIT("text/css"), STR_INIT(".css"), PAGE_CSS},
    {STR_INIT("application/manifest+json"), STR_INIT(".webmanifest"), PAGE_MANIFEST},
    {STR_INIT("application/xml"), STR_INIT(".xml"), PAGE_XML},
    {STR_INIT("text/xml"), STR_INIT(".rss"), PAGE_XML},
    {STR_INIT("application/rss+xml"), STR_INIT(".atom"), PAGE_XML},
    {STR_INIT("application/atom+xml"), STR_INIT(".rdf"), PAGE_XML},
    {STR_INIT("application/rdf+xml"), STR_INIT(".rdf"), PAGE_XML},
    {STR_INIT("text/x-opml"), STR_INIT(".opml"), PAGE_XML},
    {STR_INIT("text/x-opml+xml"), STR_INIT(".opml"), PAGE_XML},
    {STR_INIT("text/markdown"), STR_INIT(".md"), PAGE_MARKDOWN},
    {STR_INIT("text/x-markdown"), STR_INIT(".markdown"), PAGE_MARKDOWN},
    {STR_INIT("text/x-markdown"), STR_INIT(".mdx"), PAGE_MARKDOWN},
    {STR_INIT("text/x-rst"), STR_INIT(".rst"), PAGE_PROSE},
    {STR_INIT("text/prs.fallenstein.rst"), STR_INIT(".rest"), PAGE_PROSE},
    {STR_INIT("text/asciidoc"), STR_INIT(".adoc"), PAGE_PROSE},
    {STR_INIT("text/x-asciidoc"), STR_INIT(".asciidoc"), PAGE_PROSE},
    {STR_INIT("text/org"), STR_INIT(".org"), PAGE_PROSE},
    {STR_INIT("text/uri-list"), STR_INIT(".txt"), PAGE_LIST},
    {STR_INIT("application/gzip"), STR_INIT(".gz"), PAGE_GZIP},
    {STR_INIT("application/x-gzip"), STR_INIT(".gz"), PAGE_GZIP},
};

static bool ends_nocase(struct str text, struct str end)
{
    return text.len >= end.len && str_eq_nocase(str_from(text, text.len - end.len), end);
}

static enum page_type type_by_name(struct str path)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (ends_nocase(path, types[i].suffix))
            return types[i].type;
    }
    return PAGE_NONE;
}

enum page_type page_type_of(struct str media_type, struct str path)
{
    struct str name = str_trim(str_first(media_type, str_index(media_type, ';')));
    if (name.len == 0)
        return type_by_name(path);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (str_eq_nocase(types[i].media_type, name))
            return types[i].type;
    }
    /* What servers say of Markdown that do not know it. */
    bool says_nothing = str_eq_nocase(name, STR("text/plain")) ||
                        str_eq_nocase(name, STR("application/octet-stream"));
    path = str_first(path, str_index(path, '?'));
    return says_nothing && type_by_name(path) == PAGE_MARKDOWN ? PAGE_MARKDOWN : PAGE_NONE;
}

enum page_type page_type_of_module(struct str media_type, struct str path)
{
    bool is_script = str_trim(media_type).len
                         ? script_kind_of(media_type) == SCRIPT_CLASSIC
                         : ends_nocase(path, STR(".js")) || ends_nocase(path, STR(".mjs"));
    return is_script ? PAGE_SCRIPT : PAGE_NONE;
}

enum page_type page_type_of_manifest(struct str media_type, struct str path)
{
    struct str name = str_trim(str_first(media_type, str_index(media_type, ';')));
    bool is_json = name.len ? ends_nocase(name, STR("/json")) || ends_nocase(name, STR("+json"))
                            : ends_nocase(path, STR(".json"));
    return is_json ? PAGE_MANIFEST : PAGE_NONE;
}

bool page_type_is_shown(enum page_type type)
{
    return type == PAGE_HTML || type == PAGE_XHTML;
}

bool page_type_has_names(enum page_type type)
{
    return page_type_is_shown(type) || type == PAGE_MARKDOWN;
}

enum page_type page_type_of_file(struct str path, bool is_named)
{
    enum page_type type = type_by_name(path);
    struct str name = str_from(path, str_index_last(path, '/') + 1);
    bool is_sitemap = str_starts_nocase(name, STR("sitemap")) && ends_nocase(name, STR(".xml.gz"));
    if (type == PAGE_LIST && !is_named)
        return PAGE_PLAIN_TEXT;
    return type == PAGE_GZIP && !is_named && !is_sitemap ? PAGE_NONE : type;
}

/* The charset parameter of a media type (RFC 9110 §8.3.2). */
static enum charset declared_charset(struct str media_type)
{
    struct str rest = media_type;
    (void)str_cut(&rest, ';');
    while (rest.len) {
        struct str value = str_trim(str_cut(&rest, ';'));
        struct str name = str_trim(str_cut(&value, '='));
        value = str_trim(value);
        if (value.len >= 2 && value.at[0] == '"')
            value = str_of(value.at + 1, value.len - 2);
        if (str_eq_nocase(name, STR("charset")))
            return charset_of_label(value);
    }
    return CHARSET_NONE;
}

struct page *page_new(enum page_type type, struct str media_type, struct finder *finder)
{
    const struct html_position start = {1, 1};
    struct page *page = MEM_NEW(struct page);
    page->type = type;
    page->finder = finder;
    page->declared = declared_charset(media_type);
    page->has_type = str_trim(media_type).len > 0;
    if (type == PAGE_HTML || type == PAGE_XHTML)
        page->html = html_links_new(finder);
    if (type == PAGE_XHTML)
        html_links_read_xml(page->html);
    else if (type == PAGE_CSS)
        page->css = css_reader_new(finder, start);
    else if (type == PAGE_SCRIPT || type == PAGE_MANIFEST)
        page->script =
            script_links_new(finder, type == PAGE_SCRIPT ? SCRIPT_MODULE : SCRIPT_MANIFEST, start);
    else if (type == PAGE_XML)
        page->xml = xml_links_new(finder);
    else if (type == PAGE_MARKDOWN)
        page->markdown = markdown_reader_new(finder);
    return page;
}

void page_free(struct page *page)
{
    if (!page)
        return;
    charset_decoder_free(page->decoder);
    charset_encoder_free(page->encoder);
    html_links_free(page->html);
    css_reader_free(page->css);
    script_links_free(page->script);
    xml_links_free(page->xml);
    markdown_reader_free(page->markdown);
    buf_done(&page->held);
    buf_done(&page->utf8);
    buf_done(&page->likeness.word);
    mem_free(page);
}

/* --- likeness --- */

static uint32_t ones(const struct likeness *likeness, unsigned bit)
{
    return likeness->ones[bit] + (likeness->lanes[bit % 8] >> bit / 8 * 8 & 0xff);
}

/* Eight bits of a hash at a time. */
static void vote(struct likeness *likeness)
{
    if (likeness->word.len == 0)
        return;
    uint64_t hash = hash_bytes(buf_str(&likeness->word));
    for (unsigned lane = 0; lane < 8; lane++)
        likeness->lanes[lane] += hash >> lane & 0x0101010101010101;
    likeness->words++;
    buf_clear(&likeness->word);
    if (likeness->words % LANE_WORDS)
        return;
    for (unsigned bit = 0; bit < 64; bit++)
        likeness->ones[bit] = ones(likeness, bit);
    memset(likeness->lanes, 0, sizeof(likeness->lanes));
}

/* Numbers are left out: dates and counters differ on every page. */
static void add_likeness(struct likeness *likeness, struct str utf8)
{
    for (size_t i = 0; i < utf8.len; i++) {
        char c = utf8.at[i];
        if (c == '<' || c == '>')
            likeness->is_in_tag = c == '<';
        bool is_word = char_is_alpha(c) || (unsigned char)c >= 0x80;
        if (is_word && !likeness->is_in_tag && likeness->word.len < 64)
            buf_add_char(&likeness->word, c);
        else if (!is_word)
            vote(likeness);
    }
}

void page_want_likeness(struct page *page)
{
    page->wants_likeness = true;
}

uint64_t page_likeness(const struct page *page, uint32_t *word_count_out)
{
    uint64_t digest = 0;
    for (unsigned bit = 0; bit < 64; bit++)
        digest |= (uint64_t)(ones(&page->likeness, bit) > page->likeness.words / 2) << bit;
    *word_count_out = page->likeness.words;
    return digest;
}

/* --- reading --- */

void page_want_wikilinks(struct page *page, enum wikilinks style)
{
    if (page->markdown)
        markdown_reader_want_wikilinks(page->markdown, style);
}

static bool is_shown(const struct page *page)
{
    return page_type_is_shown(page->type);
}

static void pass_on(struct page *page, struct str utf8)
{
    if (is_shown(page)) {
        if (page->wants_likeness)
            add_likeness(&page->likeness, utf8);
        html_links_feed(page->html, utf8);
    } else if (page->type == PAGE_CSS) {
        css_reader_feed(page->css, utf8);
    } else if (page->script) {
        script_links_feed(page->script, utf8);
    } else if (page->type == PAGE_MARKDOWN) {
        markdown_reader_feed(page->markdown, utf8);
    } else {
        buf_add(&page->held, utf8);
    }
}

static bool is_utf8(struct str bytes)
{
    struct buf clean = {0};
    /* What is cut off at the end does not speak against it. */
    struct charset_decoder *decoder = charset_decoder_new(CHARSET_UTF_8);
    charset_decode(decoder, bytes, false, &clean);
    charset_decoder_free(decoder);
    bool is_fine = str_starts(bytes, buf_str(&clean));
    buf_done(&clean);
    return is_fine;
}

static enum charset charset_of_head(const struct page *page, struct str head, size_t *mark_len)
{
    enum charset charset = charset_of_mark(head, mark_len);
    if (charset == CHARSET_NONE)
        charset = page->declared;
    if (charset == CHARSET_NONE && page->type == PAGE_HTML)
        charset = html_links_charset(str_first(head, HEAD_BYTES));
    if (charset == CHARSET_NONE && page->type == PAGE_XHTML)
        charset = charset_of_xml(head);
    if (charset == CHARSET_NONE && page->type == PAGE_CSS)
        charset = charset_of_css(head);
    if (charset == CHARSET_NONE)
        charset = is_utf8(head) ? CHARSET_UTF_8 : CHARSET_WINDOWS_1252;
    return charset;
}

static void decode(struct page *page, struct str bytes, bool is_last)
{
    buf_clear(&page->utf8);
    charset_decode(page->decoder, bytes, is_last, &page->utf8);
    pass_on(page, buf_str(&page->utf8));
}

static void read_as_xhtml(struct page *page)
{
    page->type = PAGE_XHTML;
    if (!page->html)
        page->html = html_links_new(page->finder);
    html_links_read_xml(page->html);
}

/* Enough of it is there, or all of it: settles the encoding, and reads what was held back. */
static void settle(struct page *page)
{
    struct buf head = page->held;
    size_t mark_len;
    page->held = (struct buf){0};
    if (page->type == PAGE_HTML && !page->has_type && has_xml_declaration(buf_str(&head)) &&
        xml_is_xhtml(buf_str(&head)))
        read_as_xhtml(page);
    page->charset = charset_of_head(page, buf_str(&head), &mark_len);
    page->decoder = charset_decoder_new(page->charset);
    decode(page, str_from(buf_str(&head), mark_len), false);
    buf_done(&head);
}

/* Likewise of XML: packed, or shown to people, whatever it says it is. */
static void settle_xml(struct page *page)
{
    struct str head = buf_str(&page->held);
    page->is_settled = true;
    if (gunzip_applies(head)) {
        page->type = PAGE_GZIP;
    } else if (xml_is_xhtml(head)) {
        read_as_xhtml(page);
        settle(page);
    } else {
        page->is_broken = !xml_links_feed(page->xml, head, false);
        buf_clear(&page->held);
    }
}

static bool is_text(const struct page *page)
{
    return is_shown(page) || page->script || page->type == PAGE_CSS ||
           page->type == PAGE_MARKDOWN || page->type == PAGE_PROSE || page->type == PAGE_LIST ||
           page->type == PAGE_PLAIN_TEXT;
}

bool page_feed(struct page *page, struct str bytes)
{
    page->bytes += bytes.len;
    page->is_cut =
        page->bytes > BODY_BYTES_MAX || (page->type == PAGE_GZIP && page->bytes > WHOLE_BYTES_MAX);
    if (page->is_cut)
        return false;
    if (page->type == PAGE_XML && page->is_settled) {
        page->is_broken = !xml_links_feed(page->xml, bytes, false);
    } else if (is_text(page) && page->decoder) {
        decode(page, bytes, false);
    } else {
        buf_add(&page->held, bytes);
        if (is_text(page) && page->held.len >= HEAD_BYTES)
            settle(page);
        else if (page->type == PAGE_XML && page->held.len >= HEAD_BYTES)
            settle_xml(page);
    }
    return true;
}

/* What is packed is XML, or a list of URLs. */
static void read_packed(struct page *page)
{
    struct buf text = {0};
    struct err err;
    page->is_broken = !gunzip(buf_str(&page->held), WHOLE_BYTES_MAX, &text, &err);
    struct str start = str_first(buf_str(&text), 256);
    bool is_xml = str_index(start, '<') < start.len;
    if (is_xml && !page->xml)
        page->xml = xml_links_new(page->finder);
    if (is_xml)
        page->is_broken |= !xml_links_feed(page->xml, buf_str(&text), true);
    else
        list_links(page->finder, buf_str(&text));
    buf_done(&text);
}

/* Whether there are lines, and each that counts is an absolute URL. */
static bool is_list(struct str text)
{
    struct list_reader reader = {.rest = text};
    struct url url = {0};
    struct str line;
    bool is_one = true, is_any = false;
    while (is_one && list_take(&reader, &line)) {
        is_any = true;
        is_one = str_index(line, ' ') == line.len && url_parse(&url, line, NULL, NULL) &&
                 url_is_http(&url);
    }
    url_done(&url);
    return is_one && is_any;
}

bool page_end(struct page *page)
{
    if (page->type == PAGE_XML && !page->is_settled)
        settle_xml(page);
    if (is_text(page) && !page->decoder)
        settle(page);
    if (is_text(page))
        decode(page, STR_NONE, true);
    switch (page->type) {
    case PAGE_HTML:
    case PAGE_XHTML:
        vote(&page->likeness);
        html_links_end(page->html);
        break;
    case PAGE_CSS:
        css_reader_end(page->css);
        break;
    case PAGE_XML:
        page->is_broken |= !xml_links_feed(page->xml, STR_NONE, true);
        break;
    case PAGE_MARKDOWN:
        markdown_reader_end(page->markdown);
        break;
    case PAGE_PROSE:
        text_links(page->finder, buf_str(&page->held));
        break;
    case PAGE_LIST:
        list_links(page->finder, buf_str(&page->held));
        break;
    case PAGE_PLAIN_TEXT:
        page->is_no_list = !is_list(buf_str(&page->held));
        if (!page->is_no_list)
            list_links(page->finder, buf_str(&page->held));
        break;
    case PAGE_GZIP:
        read_packed(page);
        break;
    case PAGE_SCRIPT:
    case PAGE_MANIFEST:
    case PAGE_NONE:
        break;
    }
    return !page->is_broken;
}

bool page_is_understood(const struct page *page)
{
    return !page->is_no_list;
}

bool page_is_prose(const struct page *page)
{
    return page->type == PAGE_PROSE;
}

bool page_has_names(const struct page *page)
{
    return page_type_has_names(page->type) && !page->is_cut;
}

bool page_is_cut(const struct page *page)
{
    return page->is_cut;
}

bool page_folds_names(const struct page *page)
{
    return page->type == PAGE_MARKDOWN;
}

struct str page_note(const struct page *page)
{
    if (page->is_cut)
        return STR("too long: only its beginning was read");
    if (page_is_prose(page))
        return STR("of its links only the addresses in its text were read");
    return is_shown(page) ? html_links_fault(page->html) : STR_NONE;
}

struct url_encoder *page_encoder(struct page *page)
{
    if (!page->has_encoder)
        page->encoder = charset_encoder_new(page->charset);
    page->has_encoder = true;
    return page->encoder;
}
