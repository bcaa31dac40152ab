#include "multistatus/writer.h"

#include "xml/reader.h"
#include "xml/writer.h"

void multistatus_begin(struct multistatus *ms)
{
    BUF_ADD(ms->out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                     "<D:multistatus xmlns:D=\"DAV:\">");
}

void multistatus_end(struct multistatus *ms)
{
    BUF_ADD(ms->out, "</D:multistatus>\n");
}

void multistatus_response(struct multistatus *ms, struct res_path path, bool is_collection)
{
    ms->member_status = 0;
    BUF_ADD(ms->out, "<D:response><D:href>");
    path_encode(ms->out, path, is_collection); /* needs no escaping: see there */
    BUF_ADD(ms->out, "</D:href>");
}

void multistatus_response_end(struct multistatus *ms)
{
    BUF_ADD(ms->out, "</D:response>");
    tally_add(&ms->tally, ms->member_status);
}

void multistatus_propstat(struct multistatus *ms)
{
    BUF_ADD(ms->out, "<D:propstat><D:prop>");
}

static void add_status(struct multistatus *ms, unsigned status, struct str error_xml)
{
    struct buf *out = ms->out;
    BUF_ADD(out, "<D:status>HTTP/1.1 ");
    buf_add_u64(out, status);
    buf_add_char(out, ' ');
    buf_add(out, http_reason(status));
    BUF_ADD(out, "</D:status>");
    if (error_xml.len) {
        BUF_ADD(out, "<D:error>");
        buf_add(out, error_xml);
        BUF_ADD(out, "</D:error>");
    }
    ms->member_status = tally_worse(ms->member_status, status);
}

void multistatus_propstat_end(struct multistatus *ms, unsigned status, struct str error_xml)
{
    BUF_ADD(ms->out, "</D:prop>");
    add_status(ms, status, error_xml);
    BUF_ADD(ms->out, "</D:propstat>");
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

void multistatus_empty_prop(struct buf *out, struct str ns, struct str name)
{
    struct str prefix = STR("x:");
    if (str_eq(ns, STR("DAV:")))
        prefix = STR("D:");
    else if (str_eq(ns, STR(XML_NS))) /* may not be declared as another prefix */
        prefix = STR("xml:");
    else if (ns.len == 0) /* the document has no default namespace */
        prefix = STR_NONE;
    buf_add_char(out, '<');
    buf_add(out, prefix);
    buf_add(out, name);
    if (str_eq(prefix, STR("x:"))) {
        BUF_ADD(out, " xmlns:x=\"");
        xml_add_attr(out, ns);
        buf_add_char(out, '"');
    }
    BUF_ADD(out, "/>");
}
