/* The pieces of a 207, as bytes. The server calls them one by one; libdavit behind its checks.
 * Nothing is looked at twice and nothing is kept: the order is the caller's business, and so is the
 * buffer.
 *
 * Elements that somebody else made (struct davit_ms_element: read from another body, or a caller's
 * own) keep their prefix, because their values may use it; where they leave the choice, the prefix
 * is the one that all clients know. DAV: is declared on the multistatus and nowhere else.
 *
 * In the other dialect the tags are the same ones, relabelled as they are appended: D and d have
 * one length. D is declared there, too, for what others have made and is passed on as it is. */
#include "multistatus/writer.h"

#include "xml/reader.h"
#include "xml/writer.h"

/* --- prefixes --- */

#define XML_DECLARATION "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
#define NS_OWNCLOUD     "http://owncloud.org/ns"
#define NS_NEXTCLOUD    "http://nextcloud.org/ns"

/* Text escapes "<", so this begins tags and nothing else. */
void multistatus_relabel(const struct multistatus *ms, size_t from)
{
    char *at = ms->out->at;
    if (ms->dialect != MULTISTATUS_SYNC)
        return;
    for (size_t i = from; i + 3 < ms->out->len; i++) {
        size_t name = i + (at[i + 1] == '/' ? 2 : 1);
        if (at[i] == '<' && at[name] == 'D' && at[name + 1] == ':')
            at[name] = 'd';
    }
}

static void add(struct multistatus *ms, struct str tags)
{
    size_t from = ms->out->len;
    buf_add(ms->out, tags);
    multistatus_relabel(ms, from);
}

#define ADD(ms, literal) add((ms), STR(literal))

static void add_name(struct buf *out, struct str prefix, struct str name)
{
    buf_add(out, prefix);
    if (prefix.len)
        buf_add_char(out, ':');
    buf_add(out, name);
}

static void add_declaration(struct buf *out, struct str prefix, struct str ns)
{
    BUF_ADD(out, " xmlns");
    if (prefix.len)
        buf_add_char(out, ':');
    buf_add(out, prefix);
    BUF_ADD(out, "=\"");
    xml_add_attr(out, ns);
    buf_add_char(out, '"');
}

/* *is_declared: with the multistatus. */
static struct str prefix_of(const struct multistatus *ms, struct str ns, bool *is_declared)
{
    bool is_sync = ms->dialect == MULTISTATUS_SYNC;
    *is_declared = true;
    if (str_eq(ns, STR("DAV:")))
        return is_sync ? STR("d") : STR("D");
    if (is_sync && str_eq(ns, STR(NS_OWNCLOUD)))
        return STR("oc");
    if (is_sync && str_eq(ns, STR(NS_NEXTCLOUD)))
        return STR("nc");
    *is_declared = false;
    return STR("x");
}

/* "<D:" or "</D:" and the name, in one piece: a listing has a dozen of these for each member. */
static inline void add_dav_tag(struct multistatus *ms, struct str begin, struct str name)
{
    char *at = buf_reserve(ms->out, begin.len + name.len + 1);
    memcpy(at, begin.at, begin.len);
    if (ms->dialect == MULTISTATUS_SYNC)
        at[begin.len - 2] = 'd';
    memcpy(at + begin.len, name.at, name.len);
    at[begin.len + name.len] = '>';
    ms->out->len += begin.len + name.len + 1;
}

static void open_other(struct multistatus *ms, struct str ns, struct str name)
{
    bool is_declared;
    struct str prefix = prefix_of(ms, ns, &is_declared);
    buf_add_char(ms->out, '<');
    add_name(ms->out, prefix, name);
    if (!is_declared)
        add_declaration(ms->out, prefix, ns);
    buf_add_char(ms->out, '>');
}

static void close_other(struct multistatus *ms, struct str ns, struct str name)
{
    bool is_declared;
    BUF_ADD(ms->out, "</");
    add_name(ms->out, prefix_of(ms, ns, &is_declared), name);
    buf_add_char(ms->out, '>');
}

void multistatus_prop_open(struct multistatus *ms, struct str ns, struct str name)
{
    if (str_eq(ns, STR("DAV:")))
        add_dav_tag(ms, STR("<D:"), name);
    else
        open_other(ms, ns, name);
    ms->value_at = ms->out->len;
}

void multistatus_prop_close(struct multistatus *ms, struct str ns, struct str name)
{
    struct buf *out = ms->out;
    if (out->len == ms->value_at) { /* nothing in it */
        out->at[out->len - 1] = '/';
        buf_add_char(out, '>');
        return;
    }
    multistatus_relabel(ms, ms->value_at);
    if (str_eq(ns, STR("DAV:")))
        add_dav_tag(ms, STR("</D:"), name);
    else
        close_other(ms, ns, name);
}

/* --- pieces --- */

void multistatus_begin(struct multistatus *ms)
{
    if (ms->dialect == MULTISTATUS_SYNC)
        BUF_ADD(ms->out, XML_DECLARATION "<d:multistatus xmlns:d=\"DAV:\" xmlns:D=\"DAV:\""
                                         " xmlns:oc=\"" NS_OWNCLOUD "\""
                                         " xmlns:nc=\"" NS_NEXTCLOUD "\">");
    else
        BUF_ADD(ms->out, XML_DECLARATION "<D:multistatus xmlns:D=\"DAV:\">");
}

void multistatus_end(struct multistatus *ms)
{
    ADD(ms, "</D:multistatus>\n");
}

/* A member of that name begins. */
static void begin_member(struct multistatus *ms)
{
    ms->member_status = 0;
    ms->member_count = 1;
    ADD(ms, "<D:response><D:href>");
}

void multistatus_response(struct multistatus *ms, struct res_path path, bool is_collection)
{
    begin_member(ms);
    path_encode(ms->out, path, is_collection); /* needs no escaping: see there */
    ADD(ms, "</D:href>");
}

void multistatus_response_uri(struct multistatus *ms, struct str uri)
{
    begin_member(ms);
    xml_add_text(ms->out, uri);
    ADD(ms, "</D:href>");
}

void multistatus_href(struct multistatus *ms, struct str uri)
{
    ms->member_count++;
    ADD(ms, "<D:href>");
    xml_add_text(ms->out, uri);
    ADD(ms, "</D:href>");
}

void multistatus_response_end(struct multistatus *ms)
{
    ADD(ms, "</D:response>");
    for (unsigned i = 0; i < ms->member_count; i++)
        davit_ms_verdict_add(&ms->verdict, ms->member_status);
}

void multistatus_propstat(struct multistatus *ms)
{
    ADD(ms, "<D:propstat><D:prop>");
}

void multistatus_prop_status(struct multistatus *ms, unsigned status)
{
    ADD(ms, "<D:status>HTTP/1.1 ");
    buf_add_u64(ms->out, status);
    buf_add_char(ms->out, ' ');
    buf_add(ms->out, http_reason(status));
    ADD(ms, "</D:status>");
    ms->member_status = verdict_worse(ms->member_status, status);
}

static void explain(struct multistatus *ms, struct str error_xml, struct str description)
{
    if (error_xml.len) {
        ADD(ms, "<D:error>");
        buf_add(ms->out, error_xml);
        ADD(ms, "</D:error>");
    }
    if (description.len)
        multistatus_description(ms->out, description, STR_NONE);
}

static void add_status(struct multistatus *ms, unsigned status, struct str error_xml)
{
    multistatus_prop_status(ms, status);
    explain(ms, error_xml, STR_NONE);
}

void multistatus_propstat_explain(struct multistatus *ms, unsigned status, struct str error_xml,
                                  struct str description)
{
    ADD(ms, "</D:prop>");
    multistatus_prop_status(ms, status);
    explain(ms, error_xml, description);
    ADD(ms, "</D:propstat>");
}

void multistatus_propstat_end(struct multistatus *ms, unsigned status, struct str error_xml)
{
    multistatus_propstat_explain(ms, status, error_xml, STR_NONE);
}

void multistatus_status(struct multistatus *ms, unsigned status, struct str error_xml)
{
    add_status(ms, status, error_xml);
    ms->member_status = status; /* of the resource itself: also 404 counts */
}

void multistatus_member(struct multistatus *ms, struct res_path path, bool is_collection,
                        unsigned status, struct str error_xml)
{
    multistatus_response(ms, path, is_collection);
    multistatus_status(ms, status, error_xml);
    multistatus_response_end(ms);
}

static bool has_text(struct davit_ms_text in, struct str wanted)
{
    return in.len && memmem(in.at, in.len, wanted.at, wanted.len);
}

/* The prefix to write where the caller left the choice: the common one, unless the element's own
 * attributes declare it as something else; then none, and the namespace becomes the default. */
static struct str choose_prefix(const struct davit_ms_element *element, struct str ns)
{
    if (str_eq(ns, STR(XML_NS))) /* may not be declared as another prefix */
        return STR("xml");
    if (str_eq(ns, STR("DAV:")) && !has_text(element->attributes, STR(" xmlns:D=")))
        return STR("D");
    if (ns.len && !element->attributes.len)
        return STR("x");
    return STR_NONE;
}

static bool is_declared(const struct davit_ms_element *element, struct str prefix, struct str ns)
{
    if (str_eq(prefix, STR("D")) && str_eq(ns, STR("DAV:"))) /* on the multistatus */
        return !has_text(element->attributes, STR(" xmlns:D="));
    return str_eq(prefix, STR("xml")) || (prefix.len == 0 && ns.len == 0);
}

void multistatus_element(struct buf *out, const struct davit_ms_element *element)
{
    struct str ns = str_of(element->ns.at, element->ns.len);
    struct str name = str_of(element->name.at, element->name.len);
    struct str prefix = str_of(element->prefix.at, element->prefix.len);
    if (prefix.len == 0)
        prefix = choose_prefix(element, ns);
    buf_add_char(out, '<');
    add_name(out, prefix, name);
    if (!is_declared(element, prefix, ns))
        add_declaration(out, prefix, ns);
    if (element->lang.len) {
        BUF_ADD(out, " xml:lang=\"");
        xml_add_attr(out, str_of(element->lang.at, element->lang.len));
        buf_add_char(out, '"');
    }
    buf_add(out, str_of(element->attributes.at, element->attributes.len));
    if (element->value.len == 0 && element->text.len == 0) {
        BUF_ADD(out, "/>");
        return;
    }
    buf_add_char(out, '>');
    if (element->value.len)
        buf_add(out, str_of(element->value.at, element->value.len));
    else
        xml_add_text(out, str_of(element->text.at, element->text.len));
    BUF_ADD(out, "</");
    add_name(out, prefix, name);
    buf_add_char(out, '>');
}

void multistatus_description(struct buf *out, struct str text, struct str lang)
{
    BUF_ADD(out, "<D:responsedescription");
    if (lang.len) {
        BUF_ADD(out, " xml:lang=\"");
        xml_add_attr(out, lang);
        buf_add_char(out, '"');
    }
    buf_add_char(out, '>');
    xml_add_text(out, text);
    BUF_ADD(out, "</D:responsedescription>");
}

void multistatus_location(struct buf *out, struct str uri)
{
    BUF_ADD(out, "<D:location><D:href>");
    xml_add_text(out, uri);
    BUF_ADD(out, "</D:href></D:location>");
}

void multistatus_sync_token(struct buf *out, struct str token)
{
    BUF_ADD(out, "<D:sync-token>");
    xml_add_text(out, token);
    BUF_ADD(out, "</D:sync-token>");
}

void multistatus_empty_element(struct buf *out, struct str ns, struct str name)
{
    struct davit_ms_element element = {.ns = {ns.at, ns.len}, .name = {name.at, name.len}};
    multistatus_element(out, &element);
}

void multistatus_empty_prop(struct multistatus *ms, struct str ns, struct str name)
{
    bool is_declared;
    (void)prefix_of(ms, ns, &is_declared);
    if (ms->dialect == MULTISTATUS_COMMON || !is_declared) {
        multistatus_empty_element(ms->out, ns, name);
        return;
    }
    multistatus_prop_open(ms, ns, name);
    multistatus_prop_close(ms, ns, name);
}
